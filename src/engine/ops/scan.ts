/**
 * Running sums in two launches that need no barrier: blocks are added up, then each block runs on from
 * the sum of those before it. The order of summation is fixed, and errors grow with the length of a
 * block plus the number of blocks, not with the length of the axis.
 */
import { defineComposite } from "../composite.ts";
import { range } from "../create.ts";
import { expectDType } from "../dtype.ts";
import { normalizeAxis, sizeOf } from "../shape.ts";
import { Tensor, wrap } from "../tensor.ts";
import { blockOfEach, numBlocks, sumBlocks } from "./blocks.ts";

export interface CumsumOptions {
  /** Default: the last. */
  axis?: number;
  /** Leave the element itself out: what comes before it. */
  exclusive?: boolean;
  /** Start at the end. */
  reverse?: boolean;
}

/** The elements of axis 1 in the order in which they are added up. */
const inOrder = (x: Tensor, isReversed: boolean): Tensor =>
  isReversed && x.shape[1] > 0 ? x.slice([null, [x.shape[1] - 1, -1, -1]]) : x;

/** y[o, g, i] = Σ x[o, n, i] over the elements n of block g; reversed, blocks count from the end. */
const blockSums = defineComposite({
  name: "blockSums",
  shape: ([x]) => [x.shape[0], numBlocks(x.shape[1]), x.shape[2]],
  compose: ([x], { attrs, shape }) => {
    const rows = inOrder(new Tensor(x), attrs.reverse as boolean).permute([1, 0, 2]);
    return sumBlocks(rows, shape[1]).permute([1, 0, 2]).expr;
  },
});

/** y[o, n, i] = Σ sums[o, g, i] over the blocks before that of n + Σ x[o, m, i] within it, up to n. */
const scanBlocks = defineComposite({
  name: "scanBlocks",
  shape: ([x]) => x.shape,
  compose: ([ofElements, ofBlocks], { attrs }) => {
    const isReversed = attrs.reverse as boolean;
    const x = inOrder(new Tensor(ofElements), isReversed);
    const sums = new Tensor(ofBlocks);
    const [outer, length, inner] = x.shape;
    const blocks = sums.shape[1];
    const [n, m] = [range(length).reshape([-1, 1]), range(length).reshape([1, -1])];
    const block = blockOfEach(length, blocks);
    const isBefore = attrs.exclusive ? m.less(n) : m.lessEqual(n);
    const isInside = block
      .reshape([-1, 1])
      .equal(block.reshape([1, -1]))
      .and(isBefore);
    const isPast = range(blocks, "u32")
      .reshape([1, -1])
      .less(block.reshape([-1, 1]));
    const over = (which: Tensor, of: Tensor) =>
      which
        .reshape([1, length, of.shape[1], 1])
        .select(of.reshape([outer, 1, of.shape[1], inner]), 0)
        .sum({ axes: 2 });
    return inOrder(over(isInside, x).add(over(isPast, sums)), isReversed).expr;
  },
});

const cumsumOfAxis1 = defineComposite({
  name: "cumsum",
  shape: ([x]) => x.shape,
  compose: ([x], { attrs }) => {
    const { exclusive, reverse, dtype } = attrs;
    return scanBlocks([x, blockSums([x], { reverse, dtype })], { exclusive, reverse, dtype });
  },
  // x_m is part of y_n for all n that come at m or later
  grad: (dy, _inputs, _y, { attrs }) => [
    wrap(cumsumOfAxis1([dy.expr], { ...attrs, reverse: !attrs.reverse }), [dy]),
  ],
});

/**
 * Running sums along one axis: y[…, n, …] = Σ_{m ≤ n} x[…, m, …]; Σ_{m < n} if exclusive, from the end
 * if reversed. f32, i32 and u32; the same bits every time.
 */
export function cumsum(x: Tensor, options: CumsumOptions = {}): Tensor {
  const { axis = -1, exclusive = false, reverse = false } = options;
  expectDType("cumsum", x.dtype, ["f32", "i32", "u32"]);
  const along = normalizeAxis("cumsum", axis, x.rank);
  if (x.size === 0) return x;
  const [before, after] = [x.shape.slice(0, along), x.shape.slice(along + 1)];
  const rows = x.reshape([sizeOf(before), x.shape[along], sizeOf(after)]);
  const attrs = { exclusive, reverse, dtype: x.dtype };
  return wrap(cumsumOfAxis1([rows.expr], attrs), [x]).reshape(x.shape);
}
