/** The first of each row in order of size: found by insertion into a short list per row. */
import { defineComposite } from "../composite.ts";
import { full, range } from "../create.ts";
import { expectDType } from "../dtype.ts";
import { ShapeError } from "../errors.ts";
import { concat, gather, none } from "../rows.ts";
import { showShape } from "../shape.ts";
import { Tensor, wrap } from "../tensor.ts";

/** Greatest finite f32: farther than everything. */
export const farthest = 3.4028234663852886e38;

/** Longest list that one invocation holds in its own memory. */
export const longestList = 128;

/**
 * Columns of the k least of each row of x f32 [R, F] among those with `isIn` bool [R, F], least first,
 * ties to the lower column: u32 [R, k], `none` where there are no more. From primitives, one column
 * after the other: the least that comes after the one found before.
 */
export function leastColumns(x: Tensor, isIn: Tensor, k: number): Tensor {
  const [rows, size] = x.shape;
  if (size === 0) return full([rows, k], none, "u32");
  const column = range(size, "u32").reshape([1, size]);
  const found: Tensor[] = [];
  let isLeft = isIn;
  for (let j = 0; j < k; j++) {
    const least = isLeft.select(x, farthest).min({ axes: 1, keepAxes: true });
    const isLeast = isLeft.and(x.equal(least));
    const next = isLeast.select(column, none).min({ axes: 1, keepAxes: true });
    found.push(next);
    const isAfter = x.greater(least).or(x.equal(least).and(column.greater(next)));
    isLeft = isIn.and(isAfter);
  }
  return concat(found, 1).reshape([rows, k]);
}

const leastOfRows = defineComposite({
  name: "leastOfRows",
  dtype: "u32",
  shape: ([x], { k }) => [x.shape[0], k as number],
  compose: ([expr], { attrs }) => {
    const x = new Tensor(expr);
    return leastColumns(x, x.lessEqual(farthest), attrs.k as number).expr;
  },
});

export interface TopkOptions {
  /** The least instead of the greatest. */
  least?: boolean;
}

export interface Topk {
  /** f32 [R, k], in order. */
  readonly values: Tensor;
  /** u32 [R, k]: columns of x. */
  readonly index: Tensor;
}

/**
 * The k greatest (or least) of each row of x f32 [R, F], 1 ≤ k ≤ 128 and k ≤ F, in order; ties to the
 * lower column. Elements are finite. `values` have gradients.
 */
export function topk(x: Tensor, k: number, { least = false }: TopkOptions = {}): Topk {
  expectDType("topk(x)", x.dtype, ["f32"]);
  if (x.rank !== 2) throw new ShapeError(`topk(x): expected [R, F], got ${showShape(x.shape)}`);
  const [rows, size] = x.shape;
  if (!(Number.isInteger(k) && k >= 1 && k <= Math.min(size, longestList)))
    throw new ShapeError(`topk(k): expected 1…${Math.min(size, longestList)}, got ${k}`);
  const keys = least ? x : x.neg();
  const index = wrap(leastOfRows([keys.expr], { k }), [x]);
  const start = range(rows, "u32").mul(size).reshape([rows, 1]);
  return { index, values: gather(x.reshape([-1]), index.add(start)) };
}
