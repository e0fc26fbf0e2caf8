/**
 * Stable sorting by digits of 8 bits, least significant first (radix sort). A pass counts the digits of
 * each block of elements, adds the counts up to starts, digit by digit, and lets each block put its
 * elements in place one after the other: no atomics, so equal keys keep their order and every run
 * gives the same bits. Only row numbers move; keys stay where they are.
 */
import { defineComposite } from "../composite.ts";
import { range, scalar } from "../create.ts";
import { expectDType } from "../dtype.ts";
import { ShapeError } from "../errors.ts";
import { gather } from "../rows.ts";
import { showShape } from "../shape.ts";
import { Tensor, wrap } from "../tensor.ts";
import { blockOfEach, numBlocks, sumBlocks } from "./blocks.ts";
import { cumsum } from "./scan.ts";

const digitBits = 8;
const radix = 2 ** digitBits;

/** The digit of keys[order[e]] that starts at bit `shift`, u32 [E]. */
const digitOfEach = (keys: Tensor, order: Tensor, shift: number): Tensor =>
  gather(keys, order)
    .div(2 ** shift)
    .mod(radix);

/** y[d, g] = how many elements e of block g have digit d; keys u32 [E], order u32 [E]. */
const countDigits = defineComposite({
  name: "countDigits",
  dtype: "u32",
  shape: ([, order]) => [radix, numBlocks(order.shape[0])],
  compose: ([keys, order], { values: [shift], shape }) => {
    const digits = digitOfEach(new Tensor(keys), new Tensor(order), shift).reshape([-1, 1]);
    const isDigit = digits.equal(range(radix, "u32").reshape([1, radix]));
    return sumBlocks(isDigit.cast("u32"), shape[1]).transpose().expr; // [G, 256] before
  },
});

/**
 * y[p] = order[e] for the e that comes to place p: the element number j with digit d of block g comes to
 * starts[d, g] + j.
 */
const placeByDigit = defineComposite({
  name: "placeByDigit",
  dtype: "u32",
  shape: ([, order]) => order.shape,
  compose: ([ofKeys, ofOrder, ofStarts], { values: [shift] }) => {
    const [keys, order, starts] = [ofKeys, ofOrder, ofStarts].map((expr) => new Tensor(expr));
    const [length] = order.shape;
    const blocks = starts.shape[1];
    const digit = digitOfEach(keys, order, shift);
    const bin = digit.mul(blocks).add(blockOfEach(length, blocks)); // place in `starts`
    const [e, earlier] = [range(length).reshape([-1, 1]), range(length).reshape([1, -1])];
    const isAlike = bin.reshape([-1, 1]).equal(bin.reshape([1, -1]));
    const number = isAlike.and(earlier.less(e)).cast("u32").sum({ axes: 1 });
    const place = gather(starts.reshape([-1]), bin).add(number);
    const comesHere = place.reshape([1, -1]).equal(range(length, "u32").reshape([-1, 1]));
    return comesHere.select(order.reshape([1, -1]), 0).sum({ axes: 1 }).expr;
  },
});

/**
 * Rows in the order of their keys, equal ones in their own order: u32 [E] → u32 [E]. Keys are below
 * `limit`, which decides how many digits are looked at.
 */
export function sortKeys(keys: Tensor, limit = 2 ** 32): Tensor {
  let order = range(keys.shape[0], "u32");
  for (let shift = 0; 2 ** shift < limit; shift += digitBits) {
    const counts = wrap(countDigits([keys.expr, order.expr], {}, [shift]), [keys]);
    const starts = cumsum(counts.reshape([-1]), { exclusive: true }).reshape(counts.shape);
    const inputs = [keys, order, starts];
    order = wrap(
      placeByDigit(
        inputs.map(({ expr }) => expr),
        {},
        [shift],
      ),
      inputs,
    );
  }
  return order;
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
  return sortKeys(descending ? scalar(2 ** 32 - 1, "u32").sub(ascending) : ascending);
}

/** The elements of x in ascending order; differentiable. Equal ones keep their order. */
export const sort = (x: Tensor, options: SortOptions = {}): Tensor =>
  gather(x, argsort(x, options));

/** u32 [E] in the order of the elements. */
function keysOf(x: Tensor): Tensor {
  if (x.dtype === "f32") return x.orderedBits();
  return x.dtype === "i32" ? x.cast("u32").add(2 ** 31) : x;
}
