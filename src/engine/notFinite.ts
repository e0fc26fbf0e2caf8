/** Where a value that is not finite comes from: the graph that led to it, computed again op by op. */
import { isPart } from "./composite.ts";
import { currentEvaluator, disposeValue } from "./evaluator.ts";
import { type Expr, originOf } from "./expr.ts";
import { computeOn } from "./pending.ts";
import { type Shape, showShape, stridesOf } from "./shape.ts";
import { listNodes } from "./structure.ts";
import { Tensor } from "./tensor.ts";

/** An op with a result that is not finite though all that it read is, or a value that was there. */
export interface NotFinite {
  op: string;
  /** What `named` called the result. */
  name: string | null;
  dtype: string;
  shape: Shape;
  /** The first such element: its place and value. */
  index: readonly number[];
  value: number;
  operands: readonly { op: string; shape: Shape; low: number; high: number }[];
  /** The expression itself, to be compared with those of parameters. */
  expr: Expr;
}

/** What is left of a value after it was looked at. */
interface Seen {
  low: number;
  high: number;
  firstNan: number;
  firstInfinite: number;
}

/**
 * The first op on the way to `outputs` whose result is not a number, or, where none of the outputs is
 * NaN, infinite; null if all are finite. Operations are not fused, so this takes a submission for each;
 * outputs that are computed already and have forgotten how are only looked at.
 */
export async function findNotFinite(outputs: readonly Tensor[]): Promise<NotFinite | null> {
  const device = outputs.find((output) => output.device)?.device ?? currentEvaluator();
  await computeOn(device, []); // what waits is not computed in between
  const exprs = outputs.map(({ expr }) => expr);
  const seen = await seeAll(listNodes(exprs), (expr) => new Tensor(expr, device));
  for (const first of ["firstNan", "firstInfinite"] as const) {
    const isBad = (expr: Expr): boolean =>
      expr.op !== "const" && (seen.get(expr)?.[first] ?? -1) >= 0;
    let bad = exprs.find(isBad);
    for (let next = bad; next; next = readBy(next).find(isBad)) bad = next;
    if (bad) return describe(bad, first, seen);
  }
  return null;
}

/** A part of a value that was there before, like a parameter among others, was there too. */
const readBy = ({ op, inputs }: Expr): readonly Expr[] =>
  op === "piece" && inputs[0].storage ? [] : inputs;

/** Looks at each value, operands first. Afterwards the graph is as it was: nothing more is computed. */
async function seeAll(
  nodes: readonly Expr[],
  tensorOf: (expr: Expr) => Tensor,
): Promise<Map<Expr, Seen>> {
  const seen = new Map<Expr, Seen>();
  const made = nodes.filter(({ storage }) => !storage);
  const reads = new Map(made.map((node) => [node, operandsOf(node)]));
  const waiting = new Map<Expr, number>(made.map((node) => [node, 0])); // readers still to come
  const count = (expr: Expr, by: number) => {
    const left = (waiting.get(expr) ?? Number.NaN) + by; // of what was there before: never 0
    waiting.set(expr, left);
    if (left === 0) uncompute(expr);
  };
  for (const inputs of reads.values()) for (const input of inputs) count(input, 1);
  for (const node of nodes) {
    seen.set(node, look(await tensorOf(node).data()));
    for (const input of reads.get(node) ?? []) count(input, -1);
    if (waiting.get(node) === 0) uncompute(node);
  }
  return seen;
}

/** What computing a node alone reads: for one of several results also what all of them are made from. */
function operandsOf(node: Expr): readonly Expr[] {
  const whole = isPart(node) ? node.inputs[0] : null;
  return [...new Set([...node.inputs, ...(whole?.inputs ?? [])])];
}

function uncompute(expr: Expr): void {
  disposeValue(expr);
  expr.storage = null;
}

function look(values: ArrayLike<number>): Seen {
  const seen = { low: Infinity, high: -Infinity, firstNan: -1, firstInfinite: -1 };
  for (let at = 0; at < values.length; at++) {
    const value = values[at];
    if (value < seen.low) seen.low = value;
    if (value > seen.high) seen.high = value;
    if (Number.isFinite(value)) continue;
    if (Number.isNaN(value) && seen.firstNan < 0) seen.firstNan = at;
    if (!Number.isNaN(value) && seen.firstInfinite < 0) seen.firstInfinite = at;
  }
  return seen;
}

function describe(
  expr: Expr,
  first: "firstNan" | "firstInfinite",
  seen: ReadonlyMap<Expr, Seen>,
): NotFinite {
  const { op, shape, dtype, label } = expr;
  const found = seen.get(expr) as Seen;
  const at = found[first];
  return {
    ...{ op, shape, dtype, expr, name: label?.name ?? null },
    index: stridesOf(shape).map((stride, axis) => Math.floor(at / stride) % shape[axis]),
    value: first === "firstNan" ? Number.NaN : found.high === Infinity ? Infinity : -Infinity,
    operands: readBy(expr).flatMap((input) => {
      const of = seen.get(input);
      return of ? [{ op: input.op, shape: input.shape, low: of.low, high: of.high }] : [];
    }),
  };
}

/** In words: `log f32 [4] at [2] is NaN, of sub [4] from -1 to 3`. */
export function showNotFinite({ op, name, dtype, shape, index, value, operands, expr }: NotFinite) {
  const of = operands.map(
    (each) => `${each.op} ${showShape(each.shape)} from ${each.low} to ${each.high}`,
  );
  const origin = originOf(expr);
  return [
    `${name ? `${name} (${op})` : op} ${dtype} ${showShape(shape)} at ${showShape(index)} is ${value}`,
    ...(of.length > 0 ? [`of ${of.join(" and ")}`] : []),
    ...(origin ? [`recorded at ${origin}`] : []),
  ].join(", ");
}
