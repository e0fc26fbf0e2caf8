/**
 * Stable sorting by digits of 8 bits, least significant first (radix sort). A pass counts the digits of
 * each block of elements, adds the counts up to starts, digit by digit, and lets each block put its
 * elements in place one after the other: no atomics, so equal keys keep their order and every run
 * gives the same bits. Row numbers and keys move together, so each pass reads them one after the other.
 */
import { type CompositeResult, defineComposite, partOf } from "../composite.ts";
import { range, scalar } from "../create.ts";
import { expectDType } from "../dtype.ts";
import { ShapeError } from "../errors.ts";
import { gather } from "../rows.ts";
import { showShape } from "../shape.ts";
import { Tensor, wrap } from "../tensor.ts";
import { blockOfEach, sumBlocks } from "./blocks.ts";
import { cumsum } from "./scan.ts";

const digitBits = 8;
const radix = 2 ** digitBits;

/** Longer blocks than those of a scan: each has a table of counts. */
const numTables = (length: number): number => Math.min(256, Math.max(1, Math.ceil(length / 1024)));

/** The digit of each key that starts at bit `shift`, u32 [E]. */
const digitOfEach = (keys: Tensor, shift: number): Tensor => keys.div(2 ** shift).mod(radix);

/** y[d, g] = how many keys of block g have digit d; keys u32 [E]. */
const countDigits = defineComposite({
  name: "countDigits",
  dtype: "u32",
  shape: ([keys]) => [radix, numTables(keys.shape[0])],
  compose: ([keys], { values: [shift], shape }) => {
    const digits = digitOfEach(new Tensor(keys), shift).reshape([-1, 1]);
    const isDigit = digits.equal(range(radix, "u32").reshape([1, radix]));
    return sumBlocks(isDigit.cast("u32"), shape[1]).transpose().expr; // [G, 256] before
  },
});

/**
 * What `of` u32 [E] is after the pass: y[p] = of[e] for the e that comes to place p. The element number j
 * with digit d of block g comes to starts[d, g] + j.
 */
const afterPass =
  (which: "keys" | "rows"): CompositeResult["compose"] =>
  (inputs, { values: [shift] }) => {
    const [keys, rows, starts] = inputs.map((expr) => new Tensor(expr));
    const of = { keys, rows }[which];
    const [length] = keys.shape;
    const blocks = starts.shape[1];
    const bin = digitOfEach(keys, shift).mul(blocks).add(blockOfEach(length, blocks)); // in `starts`
    const [e, earlier] = [range(length).reshape([-1, 1]), range(length).reshape([1, -1])];
    const isAlike = bin.reshape([-1, 1]).equal(bin.reshape([1, -1]));
    const number = isAlike.and(earlier.less(e)).cast("u32").sum({ axes: 1 });
    const place = gather(starts.reshape([-1]), bin).add(number);
    const comesHere = place.reshape([1, -1]).equal(range(length, "u32").reshape([-1, 1]));
    return comesHere.select(of.reshape([1, -1]), 0).sum({ axes: 1 }).expr;
  };

/** Rows after a pass, and their keys. */
const placeByDigit = defineComposite({
  name: "placeByDigit",
  dtype: "u32",
  shape: ([keys]) => keys.shape,
  compose: afterPass("rows"),
  parts: { moved: { shape: ([keys]) => keys.shape, compose: afterPass("keys") } },
});

/** Rows in the order of their keys, and the keys in that order. */
export interface SortedKeys {
  /** u32 [E]; of equal keys, the lower row is first. */
  readonly order: Tensor;
  /** u32 [E] */
  readonly keys: Tensor;
}

/** Sorts keys u32 [E] below `limit`, which decides how many digits are looked at. */
export function sortKeys(keys: Tensor, limit = 2 ** 32): SortedKeys {
  let sorted: SortedKeys = { order: range(keys.shape[0], "u32"), keys };
  for (let shift = 0; 2 ** shift < limit; shift += digitBits) sorted = pass(sorted, shift);
  return sorted;
}

function pass({ keys, order }: SortedKeys, shift: number): SortedKeys {
  const counts = wrap(countDigits([keys.expr], {}, [shift]), [keys]);
  const starts = cumsum(counts.reshape([-1]), { exclusive: true }).reshape(counts.shape);
  const inputs = [keys, order, starts];
  const exprs = inputs.map(({ expr }) => expr);
  const placed = placeByDigit(exprs, {}, [shift]);
  return { order: wrap(placed, inputs), keys: wrap(partOf(placed, "moved"), inputs) };
}

export interface SortOptions {
  /** The greatest first. */
  descending?: boolean;
}

/**
 * The rows of x in ascending order: x[argsort(x)[0]] ≤ x[argsort(x)[1]] ≤ …, u32 [E]. Stable: equal
 * elements keep their order, also descending. −0 equals 0 and NaN is above all numbers; doubles are
 * compared as f32.
 */
export function argsort(x: Tensor, { descending = false }: SortOptions = {}): Tensor {
  expectDType("argsort", x.dtype, ["f32", "i32", "u32"]);
  if (x.rank !== 1) throw new ShapeError(`argsort: expected [E], got ${showShape(x.shape)}`);
  const ascending = keysOf(x);
  return sortKeys(descending ? scalar(2 ** 32 - 1, "u32").sub(ascending) : ascending).order;
}

/** The elements of x in ascending order; differentiable. Equal ones keep their order. */
export const sort = (x: Tensor, options: SortOptions = {}): Tensor =>
  gather(x, argsort(x, options));

/** u32 [E] in the order of the elements. */
function keysOf(x: Tensor): Tensor {
  if (x.dtype === "f32") return x.orderedBits();
  return x.dtype === "i32" ? x.cast("u32").add(2 ** 31) : x;
}
