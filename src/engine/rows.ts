/** Ops that take rows together or by number: `concat` and `gather`. */
import { expectDType, type HostArray } from "./dtype.ts";
import { ShapeError } from "./errors.ts";
import type { Attrs } from "./expr.ts";
import { normalizeAxis, showShape } from "./shape.ts";
import { record, type Tensor } from "./tensor.ts";

/** The tensors one after the other along `axis`. */
export function concat(tensors: readonly Tensor[], axis = -1): Tensor {
  if (tensors.length === 0) throw new ShapeError("concat: expected at least one tensor, got none");
  const [first] = tensors;
  const along = normalizeAxis("concat", axis, first.rank);
  for (const { shape, dtype } of tensors) {
    const fits =
      shape.length === first.rank && shape.every((n, a) => a === along || n === first.shape[a]);
    if (!fits || dtype !== first.dtype)
      throw new ShapeError(
        `concat: expected ${first.dtype} ${showShape(first.shape)} but for axis ${along}, got ${dtype} ${showShape(shape)}`,
      );
  }
  const most = 4; // a launch reads a limited number of buffers
  if (tensors.length > most) {
    const groups: Tensor[] = [];
    for (let i = 0; i < tensors.length; i += most)
      groups.push(concat(tensors.slice(i, i + most), along));
    return concat(groups, along);
  }
  if (tensors.length === 1) return first;
  const size = tensors.reduce((sum, { shape }) => sum + shape[along], 0);
  const shape = first.shape.map((n, a) => (a === along ? size : n));
  return record("concat", tensors, shape, first.dtype, { attrs: { axis: along } });
}

/**
 * Rows of x by index: y[i…, f…] = x[rows[i…], f…]. Indices from the host must be rows of x. Computed ones
 * may be others, `none` for example: their y is 0, and no gradient flows back.
 */
export function gather(x: Tensor, rows: Tensor): Tensor {
  expectDType("gather(rows)", rows.dtype, ["u32", "i32"]);
  if (x.rank === 0) throw new ShapeError("gather: expected x with rows, got a scalar");
  const host = rows.expr.storage?.host;
  if (host) checkRows(x, host);
  const attrs: Attrs = host ? {} : { bounded: true };
  return record("gather", [x, rows], [...rows.shape, ...x.shape.slice(1)], x.dtype, { attrs });
}

/** A computed row number that stands for no row: see `gather` and `segmentsOf`. */
export const none = 2 ** 32 - 1;

/** Indices that come from the host are checked once, here; reading past the end is silent on a GPU. */
function checkRows(x: Tensor, host: HostArray): void {
  for (const row of host)
    if (row < 0 || row >= x.shape[0])
      throw new ShapeError(`gather(rows): expected rows below ${x.shape[0]}, got ${row}`);
}
