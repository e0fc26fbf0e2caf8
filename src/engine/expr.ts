import type { DType, HostArray } from "./dtype.ts";
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

const noInputs: readonly Expr[] = [];
const noAttrs: Attrs = {};
const noValues: readonly number[] = [];

export function makeExpr(parts: ExprParts): Expr {
  const { op, shape, dtype, inputs = noInputs, attrs = noAttrs, values = noValues } = parts;
  const fixed = attrs === noAttrs ? "" : JSON.stringify(attrs);
  // Which inputs broadcast is structure: the others need no index arithmetic of their own.
  const alike = parts.elementwise ? inputs.map((x) => (sameShape(x.shape, shape) ? "=" : "~")) : [];
  const signature = `${op}${fixed}:${dtype}${shape.length}${alike.join("")}`;
  const storage = parts.storage ?? null;
  return { op, inputs, shape, dtype, attrs, values, signature, storage, label: null };
}

/** A value that is there already: parameters, uploaded data, results. */
export function leaf(shape: Shape, dtype: DType, storage: Storage): Expr {
  return makeExpr({ op: "input", shape, dtype, storage });
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
