/** How a node of a KD-tree parts its rows of data f64 [N, dim]. */

/** Hoare's selection: rows[middle] gets the row that sorting by `axis` would put there. */
export function partition(
  data: Float64Array,
  dim: number,
  axis: number,
  rows: Int32Array,
  low: number,
  high: number,
  middle: number,
): void {
  while (low < high) {
    const pivot = data[rows[(low + high) >> 1] * dim + axis];
    let i = low;
    let j = high;
    while (i <= j) {
      while (data[rows[i] * dim + axis] < pivot) i++;
      while (data[rows[j] * dim + axis] > pivot) j--;
      if (i > j) break;
      const swapped = rows[i];
      rows[i++] = rows[j];
      rows[j--] = swapped;
    }
    if (middle <= j) high = j;
    else if (middle >= i) low = i;
    else return;
  }
}

/**
 * Puts the rows that are more than twice as far from the mean as half of them are behind the others, and
 * returns where those begin.
 */
export function partitionOutliers(
  data: Float64Array,
  dim: number,
  rows: Int32Array,
  from: number,
  to: number,
): number {
  const mean = new Float64Array(dim);
  for (let i = from; i < to; i++)
    for (let d = 0; d < dim; d++) mean[d] += data[rows[i] * dim + d] / (to - from);
  const squares = Float64Array.from(rows.subarray(from, to), (row) => {
    let sum = 0;
    for (let d = 0; d < dim; d++) sum += (data[row * dim + d] - mean[d]) ** 2;
    return sum;
  });
  const limit = 4 * squares.slice().sort()[squares.length >> 1];
  const isNear = (i: number) => squares[i] <= limit;
  const taken = rows.slice(from, to);
  let at = from;
  for (let i = 0; i < taken.length; i++) if (isNear(i)) rows[at++] = taken[i];
  const near = at;
  for (let i = 0; i < taken.length; i++) if (!isNear(i)) rows[at++] = taken[i];
  return near;
}
