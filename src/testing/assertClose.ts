import { ShapeError } from "../engine/errors.ts";
import { type Shape, sameShape, showShape } from "../engine/shape.ts";
import { Tensor } from "../engine/tensor.ts";

export type Values = Tensor | ArrayLike<number>;

/**
 * Throws unless |actual − expected| ≤ tolerance · max(1, |expected|) for every element, naming the
 * worst one. Infinities must be equal, and NaN is close to NaN only. Two tensors must agree in shape
 * (`ShapeError`), arrays in length.
 */
export async function assertClose(
  actual: Values,
  expected: Values,
  tolerance: number,
): Promise<void> {
  const [shape, wanted] = [shapeOf(actual), shapeOf(expected)];
  const areTensors = actual instanceof Tensor && expected instanceof Tensor;
  const [got, want] = [await dataOf(actual), await dataOf(expected)];
  if (areTensors ? !sameShape(shape, wanted) : got.length !== want.length)
    throw new ShapeError(`assertClose: expected ${showShape(wanted)}, got ${showShape(shape)}`);

  let [worst, excess, numBeyond] = [-1, 1, 0];
  for (let i = 0; i < want.length; i++) {
    const ratio = distance(got[i], want[i]) / tolerance;
    if (ratio <= 1 || distance(got[i], want[i]) === 0) continue;
    numBeyond++;
    if (worst < 0 || ratio > excess) [worst, excess] = [i, ratio];
  }
  if (worst < 0) return;
  const place = indexOf(worst, expected instanceof Tensor ? wanted : shape);
  throw new Error(
    `assertClose: expected ${want[worst]} ± ${tolerance * Math.max(1, Math.abs(want[worst]))} at ${showShape(place)}, ` +
      `got ${got[worst]} (${numBeyond} of ${want.length} elements are off, this one most)`,
  );
}

const shapeOf = (values: Values): Shape =>
  values instanceof Tensor ? values.shape : [values.length];
const dataOf = async (values: Values): Promise<ArrayLike<number>> =>
  values instanceof Tensor ? values.data() : values;

/** |a − b| relative to max(1, |b|); infinite where one of them is not finite and they differ. */
function distance(a: number, b: number): number {
  if (Object.is(a, b) || a === b) return 0;
  const apart = Math.abs(a - b) / Math.max(1, Math.abs(b));
  return Number.isFinite(apart) ? apart : Number.POSITIVE_INFINITY;
}

/** The index of the element at a row-major position. */
export function indexOf(position: number, shape: Shape): number[] {
  const index: number[] = new Array(shape.length);
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    index[axis] = position % shape[axis];
    position = Math.floor(position / shape[axis]);
  }
  return index;
}
