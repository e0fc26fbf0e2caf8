import { ShapeError } from "../../engine/errors.ts";

/** `numPoints` rows of `dim` coordinates, one row after the other: data [numPoints, dim]. */
export interface Points {
  readonly data: ArrayLike<number>;
  readonly numPoints: number;
  readonly dim: number;
}

/** Throws unless `data` holds exactly numPoints × dim numbers. */
export function checkPoints(where: string, { data, numPoints, dim }: Points): void {
  const isCount = (x: number) => Number.isInteger(x) && x >= 0;
  if (!isCount(numPoints) || !isCount(dim) || (dim === 0 && numPoints > 0))
    throw new ShapeError(
      `${where}(points): expected numPoints ≥ 0 and dim ≥ 1, got [${numPoints}, ${dim}]`,
    );
  if (data.length !== numPoints * dim)
    throw new ShapeError(
      `${where}(points): expected ${numPoints * dim} numbers, got ${data.length} ` +
        `(numPoints ${numPoints} × dim ${dim})`,
    );
}

/** The rows, ascending, without NaN or infinite coordinates: i32 [K]. */
export function finiteRows({ data, numPoints, dim }: Points): Int32Array {
  const rows = new Int32Array(numPoints);
  let numRows = 0;
  for (let row = 0; row < numPoints; row++) {
    let isKept = true;
    for (let d = 0; d < dim; d++) if (!Number.isFinite(data[row * dim + d])) isKept = false;
    if (isKept) rows[numRows++] = row;
  }
  return rows.slice(0, numRows);
}

/**
 * The same rows by their coordinates, the first one first; rows at one place stay in order. What follows
 * then depends on where points are, not on the order in which they came.
 */
export function sortedRows({ data, dim }: Points, rows: Int32Array): Int32Array {
  return rows.slice().sort((a, b) => {
    for (let d = 0; d < dim; d++) {
      const gap = data[a * dim + d] - data[b * dim + d];
      if (gap !== 0) return gap;
    }
    return a - b;
  });
}

/** The chosen rows, widened: f64 [K, dim]. */
export function takeRows({ data, dim }: Points, rows: Int32Array): Float64Array {
  const taken = new Float64Array(rows.length * dim);
  for (let k = 0; k < rows.length; k++)
    for (let d = 0; d < dim; d++) taken[k * dim + d] = data[rows[k] * dim + d];
  return taken;
}

/** All rows, widened, f64 [numPoints, dim]; throws if any has NaN or infinite coordinates. */
export function finiteData(where: string, name: string, points: Points): Float64Array {
  checkPoints(where, points);
  const rows = finiteRows(points);
  const numBad = points.numPoints - rows.length;
  if (numBad > 0)
    throw new ShapeError(`${where}(${name}): expected finite numbers, got ${numBad} rows without`);
  return takeRows(points, rows);
}

/** Every row divided by its length, so that only its direction counts: f64 [numPoints, dim]. */
export function unitRows({ data, numPoints, dim }: Points): Points {
  const unit = new Float64Array(numPoints * dim);
  for (let row = 0; row < numPoints; row++) {
    let sum = 0;
    for (let d = 0; d < dim; d++) sum += data[row * dim + d] ** 2;
    const length = Math.sqrt(sum); // 0 has no direction: NaN, so the row is dropped as not finite
    for (let d = 0; d < dim; d++) unit[row * dim + d] = data[row * dim + d] / length;
  }
  return { data: unit, numPoints, dim };
}
