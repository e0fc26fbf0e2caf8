/** What merging launches is worth, per element that they go over. Sizes are not known when plans are made. */
import type { Expr } from "./expr.ts";
import { isReduction, isSource } from "./lower.ts";
import type { Walk } from "./walk.ts";

/** A launch costs about 30 µs, in which a GPU moves some MB: that many bytes for each of 10⁵ elements. */
const bytesPerLaunch = 32;
/** Operations in the time that it takes to move a byte; GPUs reach 10 to 50, processors less. */
const flopsPerByte = 8;
const bytesPerElement = 4;

/** Ops that cost several multiplications. */
const heavy = new Set([
  "exp",
  "expm1",
  "log",
  "log1p",
  "sin",
  "cos",
  "tanh",
  "erf",
  "pow",
  "atan2",
]);
const heavyFlops = 8;

/** Operations that one application of an op counts as. */
export const flopsOfOp = (op: string): number => (heavy.has(op) ? heavyFlops : 1);

interface Facts {
  stored: ReadonlyMap<Expr, string>;
  reads: ReadonlyMap<Expr, ReadonlySet<Expr>>;
  users: ReadonlyMap<Expr, ReadonlyMap<Expr, unknown>>;
}

/**
 * Bytes saved by computing `inner` values where they are read, and by one launch less, minus what it
 * costs to compute them once more in every further pass.
 */
export function gain(walk: Walk | null, inner: readonly Expr[], facts: Facts): number {
  let bytes = bytesPerLaunch;
  const isFull = (value: Expr): boolean => !isReduction(value) && !walk?.rows.includes(value);
  const fulls = new Set(inner.filter(isFull));
  for (const value of fulls) {
    const readers = facts.users.get(value)?.size ?? 0;
    bytes += (1 + readers) * bytesPerElement;
    const again = Math.max(0, passesThatNeed(value, walk, fulls, facts) - 1);
    bytes -= (again * flopsOf(value, facts)) / flopsPerByte;
  }
  return bytes;
}

/** In how many passes something is computed that reads the value, directly or by way of others of `inner`. */
function passesThatNeed(
  value: Expr,
  walk: Walk | null,
  inner: ReadonlySet<Expr>,
  { reads }: Facts,
): number {
  if (!walk) return 1;
  const needing = walk.passes.filter(({ sums, fulls }) => {
    const needed = new Set([...sums, ...fulls.filter((full) => !inner.has(full))]);
    for (const each of needed)
      for (const read of reads.get(each) ?? []) if (inner.has(read)) needed.add(read);
    return needed.has(value);
  });
  return needing.length;
}

/** Operations to compute a value from what its launch loads. */
function flopsOf(value: Expr, { stored }: Facts): number {
  const seen = new Set<Expr>([value]);
  let flops = 0;
  for (const node of seen) {
    flops += flopsOfOp(node.op);
    for (const input of node.inputs)
      if (!stored.has(input) && !input.storage && !isSource(input)) seen.add(input);
  }
  return flops;
}
