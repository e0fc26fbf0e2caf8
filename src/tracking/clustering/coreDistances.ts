import type { KdTree } from "./kdTree.ts";
import { type Memory, ownMemory } from "./memory.ts";
import { kNearest, nearestSearch } from "./nearest.ts";
import { type OnProgress, reportEvery } from "./progress.ts";

/** The surroundings of every point, in tree order; neighbors are *other* points. */
export interface Neighborhoods {
  /** [N] distance to the k-th nearest neighbor; duplicates count, so it may be 0. */
  readonly core: Float64Array;
  /** [N, numNear] positions of the nearest neighbors, in any order … */
  readonly near: Int32Array;
  readonly numNear: number;
  /** [N] … and a distance below which there are no more. */
  readonly reach: Float64Array;
}

/** Longer lists cost more memory than the searches they save are worth. */
const maxNear = 64;

/** Core distances, and what their search found on the way; infinite where there are no k others. */
export function neighborhoods(tree: KdTree, k: number, onProgress?: OnProgress): Neighborhoods {
  const { numPoints } = tree;
  const around = unknownNeighborhoods(tree, k, ownMemory);
  const look = neighborhoodSearch(tree, k, around);
  for (let from = 0; from < numPoints; from += reportEvery) {
    onProgress?.({ step: "core distances", done: from, total: numPoints });
    look(from, Math.min(numPoints, from + reportEvery));
  }
  return around;
}

export function unknownNeighborhoods(
  { numPoints }: KdTree,
  k: number,
  memory: Memory,
): Neighborhoods {
  const numNear = k < numPoints && k <= maxNear ? k : 0;
  return {
    core: memory.f64(numPoints).fill(Infinity),
    near: memory.i32(numPoints * numNear),
    numNear,
    reach: memory.f64(numPoints),
  };
}

/** Returns what looks around positions from … to, and notes what it finds. */
export function neighborhoodSearch(
  tree: KdTree,
  k: number,
  { core, near, numNear, reach }: Neighborhoods,
): (from: number, to: number) => void {
  const { metric, dim, data, rows, numPoints } = tree;
  if (k >= numPoints) return () => {};
  const positionOf = positions(tree);
  // the point itself, k others, and one more to know how far the others reach
  const search = nearestSearch(tree, k + 2);
  const query = { data, at: 0, dim };
  // in tree order: one query warms the cache for the next
  return (from, to) => {
    for (let position = from; position < to; position++) {
      query.at = position * dim;
      search.run(query);
      const beyond = metric.distance(search.heap.reduced[0]); // ∞ if there is no such point
      search.dropFarthest();
      core[position] = metric.distance(search.heap.reduced[0]);
      if (numNear === 0) continue;
      reach[position] = beyond;
      let slot = position * numNear;
      const full = slot + numNear; // among many duplicates, the point itself may not be in the heap
      for (const row of search.heap.rows)
        if (row >= 0 && row !== rows[position] && slot < full) near[slot++] = positionOf[row];
    }
  };
}

/**
 * `neighborhoods` for several k from one search at the largest. Memory is that of the largest k, two numbers
 * for each neighbor of each point.
 */
export function neighborhoodsAt(tree: KdTree, ranks: readonly number[]): Neighborhoods[] {
  const { data, rows, numPoints } = tree;
  const most = ranks.reduce((a, b) => Math.max(a, b), 0) + 2;
  if (most > numPoints) return ranks.map((k) => neighborhoods(tree, k)); // few points
  const positionOf = positions(tree);
  const found = kNearest(tree, data, most);
  return ranks.map((k) => {
    const numNear = k <= maxNear ? k : 0;
    const near = new Int32Array(numPoints * numNear);
    for (let position = 0; position < numPoints && numNear > 0; position++) {
      let slot = position * numNear;
      const full = slot + numNear;
      for (let i = position * most; i < position * most + k + 1; i++)
        if (found.rows[i] !== rows[position] && slot < full)
          near[slot++] = positionOf[found.rows[i]];
    }
    const atRank = (rank: number) =>
      Float64Array.from({ length: numPoints }, (_, p) => found.distances[p * most + rank]);
    return {
      core: atRank(k),
      near,
      numNear,
      reach: numNear > 0 ? atRank(k + 1) : new Float64Array(numPoints),
    };
  });
}

/** Where in the tree each row is. */
function positions({ rows }: KdTree): Int32Array {
  const positionOf = new Int32Array(rows.length);
  for (let position = 0; position < rows.length; position++) positionOf[rows[position]] = position;
  return positionOf;
}

/** values[position] as one value per row. */
export function byRow({ rows }: KdTree, values: Float64Array): Float64Array {
  const perRow = new Float64Array(values.length);
  for (let position = 0; position < rows.length; position++)
    perRow[rows[position]] = values[position];
  return perRow;
}

/**
 * Distance of every point to its k-th nearest other point from a dense symmetric matrix,
 * distances [N, N].
 */
export function coreDistancesOfMatrix(
  distances: ArrayLike<number>,
  numPoints: number,
  k: number,
): Float64Array {
  const core = new Float64Array(numPoints).fill(Infinity);
  const sorted = new Float64Array(numPoints);
  for (let row = 0; row < numPoints && k < numPoints; row++) {
    for (let other = 0; other < numPoints; other++)
      sorted[other] = distances[row * numPoints + other];
    core[row] = sorted.sort()[k]; // rank 0 is the point itself
  }
  return core;
}
