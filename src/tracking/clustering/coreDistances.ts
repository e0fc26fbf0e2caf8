import type { KdTree } from "./kdTree.ts";
import { nearestSearch } from "./nearest.ts";

/**
 * Distance of every point to its k-th nearest *other* point, f64 [N] by row.
 *
 * That is rank k when the point itself has rank 0; duplicates count, so it may be 0. Infinite where
 * there are no k others.
 */
export function coreDistances(tree: KdTree, k: number): Float64Array {
  const { metric, dim, data, rows, numPoints } = tree;
  const core = new Float64Array(numPoints);
  const search = nearestSearch(tree, k + 1);
  const query = { data, at: 0, dim };
  // in tree order: one query warms the cache for the next
  for (let position = 0; position < numPoints; position++) {
    query.at = position * dim;
    search.run(query);
    core[rows[position]] = metric.distance(search.heap.reduced[0]);
  }
  return core;
}

/** The same from a dense symmetric matrix, distances f64 [N, N]. */
export function coreDistancesOfMatrix(
  distances: ArrayLike<number>,
  numPoints: number,
  k: number,
): Float64Array {
  const core = new Float64Array(numPoints).fill(Infinity);
  const sorted = new Float64Array(numPoints);
  for (let row = 0; row < numPoints; row++) {
    for (let other = 0; other < numPoints; other++)
      sorted[other] = distances[row * numPoints + other];
    sorted.sort();
    if (k < numPoints) core[row] = sorted[k];
  }
  return core;
}
