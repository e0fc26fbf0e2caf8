import { defineComposite } from "../composite.ts";
import { expectDType } from "../dtype.ts";
import { ShapeError } from "../errors.ts";
import { showShape } from "../shape.ts";
import { Tensor, wrap } from "../tensor.ts";

const searchRows = defineComposite({
  name: "searchSorted",
  dtype: "u32",
  shape: ([, values]) => values.shape,
  compose: ([ofSorted, ofValues], { attrs }) => {
    const sorted = new Tensor(ofSorted).reshape([1, -1]);
    const values = new Tensor(ofValues).reshape([-1, 1]);
    const isBefore = attrs.right ? sorted.lessEqual(values) : sorted.less(values);
    return isBefore.cast("u32").sum({ axes: 1 }).expr;
  },
});

export interface SearchOptions {
  /** Count the elements that equal the value, too. */
  right?: boolean;
}

/**
 * How many elements of `sorted` [E], ascending, are below each of `values` [S], by bisection: u32 [S].
 * With `right`, how many are not above it.
 */
export function searchSorted(sorted: Tensor, values: Tensor, options: SearchOptions = {}): Tensor {
  expectDType("searchSorted(sorted)", sorted.dtype, ["f32", "i32", "u32"]);
  expectDType("searchSorted(values)", values.dtype, [sorted.dtype]);
  for (const [name, { rank, shape }] of Object.entries({ sorted, values }))
    if (rank !== 1)
      throw new ShapeError(`searchSorted(${name}): expected one axis, got ${showShape(shape)}`);
  const attrs = { right: options.right ?? false, dtype: sorted.dtype };
  return wrap(searchRows([sorted.expr, values.expr], attrs), [sorted, values]);
}
