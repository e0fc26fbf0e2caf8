import type { DType, HostArray } from "./dtype.ts";
import { env } from "./env.ts";
import { type Shape, sameShape } from "./shape.ts";

/** What an op needs besides its inputs and is part of the structure: axes, flags, names. */
export type Attrs = Readonly<Record<string, string | number | boolean | readonly number[]>>;

/** Memory on a device, or a part of it. Only the backend that made it looks inside. */
export interface DeviceBuffer {
  readonly bytes: number;
  /** The buffer that this is a part of; absent in one that is a whole. */
  readonly whole?: DeviceBuffer;
}

/** Where a computed or uploaded value lies: on the host, on devices (the keys), or both. */
export interface Storage {
  host: HostArray | null;
  readonly buffers: Map<object, DeviceBuffer>;
}

/** Whether a value had its memory and gave it back. */
export const isDisposed = ({ host, buffers }: Storage): boolean => !host && buffers.size === 0;

/**
 * One node of the graph that ops record: what to compute, never when or how.
 *
 * The structure of a graph is its ops, attributes, dtypes, ranks and connections (`signature`).
 * Sizes and `values` are not part of it: they reach a launch as numbers, so that a graph of the
 * same structure and other sizes reuses plan and pipelines.
 */
export interface Expr {
  readonly op: string;
  readonly inputs: readonly Expr[];
  readonly shape: Shape;
  readonly dtype: DType;
  readonly attrs: Attrs;
  readonly values: readonly number[];
  readonly signature: string;
  storage: Storage | null;
  /** What people call the value; copies of the node share it. No part of the structure. */
  label: { readonly name: string } | null;
}

interface ExprParts {
  op: string;
  inputs?: readonly Expr[];
  shape: Shape;
  dtype: DType;
  attrs?: Attrs;
  values?: readonly number[];
  storage?: Storage | null;
  /** Inputs are read at the output's own index, axes of size 1 repeated. */
  elementwise?: boolean;
}

/** Where new expressions are listed, for the scope that they are made in. */
export const made: { into: Expr[] | null } = { into: null };

/** What `work` makes belongs to no scope: it is cached for others to find. */
export function outsideScopes<T>(work: () => T): T {
  const { into } = made;
  made.into = null;
  try {
    return work();
  } finally {
    made.into = into;
  }
}

const origins = new WeakMap<Expr, string>();

/** Where an expression was recorded: the first line outside of this package. Known under TG_DEBUG=2. */
export function originOf(expr: Expr): string | undefined {
  const lines = origins.get(expr)?.split("\n").slice(1) ?? [];
  const [here = ""] = lines;
  const folder = here.slice(0, here.lastIndexOf("/engine/")).replace(/^.*[( ]/, "");
  const outside = lines.find((line) => !line.includes(folder) || line.includes(".test."));
  return (outside ?? lines[lines.length - 1])?.trim().replace(/^at /, "");
}

const noInputs: readonly Expr[] = [];
const noAttrs: Attrs = {};
const noValues: readonly number[] = [];

export function makeExpr(parts: ExprParts): Expr {
  const { op, shape, dtype, inputs = noInputs, attrs = noAttrs, values = noValues } = parts;
  const fixed = attrs === noAttrs ? "" : JSON.stringify(attrs);
  // Which inputs broadcast is structure: the others need no index arithmetic of their own.
  const alike = parts.elementwise ? inputs.map((x) => (sameShape(x.shape, shape) ? "=" : "~")) : [];
  const signature = `${op}${fixed}:${dtype}${shape.length}${alike.join("")}`;
  const { storage = null } = parts;
  const label = null;
  const expr: Expr = { op, inputs, shape, dtype, attrs, values, signature, storage, label };
  if (!storage) made.into?.push(expr); // else, the value is somebody else's
  if (env.debug() >= 2) origins.set(expr, new Error().stack ?? "");
  return expr;
}

/** A value that is there already: parameters, uploaded data, results. */
export function leaf(shape: Shape, dtype: DType, storage: Storage): Expr {
  const expr = makeExpr({ op: "input", shape, dtype, storage });
  made.into?.push(expr);
  return expr;
}

/** A number that travels as a run-time value, so that changing it recompiles nothing. */
export function constant(value: number, dtype: DType): Expr {
  return makeExpr({ op: "const", shape: [], dtype, values: [value] });
}

/** What holds the value of an expression: itself, or what it is a piece of. */
export function wholeOf(expr: Expr): Expr {
  while (expr.op === "piece") expr = expr.inputs[0];
  return expr;
}

/** Makes a computed expression a leaf, which does not know what it was computed from. */
export function forget(expr: Expr): void {
  const whole = wholeOf(expr) as { op: string; inputs: readonly Expr[] };
  if (whole.op !== "input") whole.op = realized;
  whole.inputs = noInputs;
}

/** The op of what was computed and has forgotten how. */
export const realized = "realized";
