import { ownMemory } from "./memory.ts";
import type { Metric } from "./metrics.ts";
import { partition, partitionOutliers } from "./partition.ts";

/**
 * A KD-tree of N points (Bentley 1975, doi:10.1145/361002.361007) with tight bounding boxes.
 *
 * Nodes are numbered in preorder: the left child of `node` is node + 1, the right child is
 * right[node], and right[node] = 0 marks a leaf. Points are stored in tree order, so that the points
 * of a node are the *positions* start[node] ≤ position < end[node]; rows[position] is the caller's row.
 */
export interface KdTree {
  readonly metric: Metric;
  readonly dim: number;
  readonly numPoints: number;
  readonly numNodes: number;
  readonly data: Float64Array; // [N, dim] coordinates in tree order
  readonly rows: Int32Array; // [N]
  readonly start: Int32Array; // [numNodes]
  readonly end: Int32Array;
  readonly right: Int32Array;
  readonly minRow: Int32Array; // lowest row in the node, to settle ties early
  readonly bounds: Float64Array; // [numNodes, low|high, dim]
}

/** Points per leaf: below, walking the tree costs more than the distances it saves. Measured. */
const leafSize = 16;

/**
 * In this many dimensions, few outliers make the box of a dense clump so wide that it excludes nothing, and
 * halving it does not get rid of them: they are split off.
 */
const manyDims = 9;

/**
 * Builds the tree of data f64 [N, dim] by splitting the widest side at the median, or what is far from the
 * middle off the rest.
 */
export function kdTree(
  data: Float64Array,
  dim: number,
  metric: Metric,
  memory = ownMemory,
): KdTree {
  const numPoints = dim === 0 ? 0 : data.length / dim;
  const rows = memory.i32(numPoints);
  for (let row = 0; row < numPoints; row++) rows[row] = row;
  const maxNodes = Math.max(1, Math.ceil((4 * numPoints) / leafSize)); // leaves are half full at least
  const [start, end, right, minRow] = [0, 0, 0, 0].map(() => memory.i32(maxNodes));
  const bounds = memory.f64(maxNodes * 2 * dim);

  let numNodes = 0;
  const isWide = dim >= manyDims;
  const build = (from: number, to: number, mayPeel: boolean): number => {
    const node = numNodes++;
    start[node] = from;
    end[node] = to;
    minRow[node] = lowest(rows, from, to);
    const axis = boundingBox(data, dim, rows, from, to, bounds, node);
    if (to - from > leafSize) {
      const near = mayPeel ? partitionOutliers(data, dim, rows, from, to) : from;
      const isPeeled = Math.min(near - from, to - near) >= leafSize / 2;
      const middle = isPeeled ? near : (from + to) >> 1;
      if (!isPeeled) partition(data, dim, axis, rows, from, to - 1, middle);
      // at most every other level is unbalanced, which keeps the tree less than 64 deep
      build(from, middle, isWide && !isPeeled);
      right[node] = build(middle, to, isWide && !isPeeled);
    }
    return node;
  };
  build(0, numPoints, isWide);

  const inTreeOrder = memory.f64(data.length);
  for (let position = 0; position < numPoints; position++)
    for (let d = 0; d < dim; d++) inTreeOrder[position * dim + d] = data[rows[position] * dim + d];
  return {
    metric,
    dim,
    numPoints,
    numNodes,
    data: inTreeOrder,
    rows,
    start,
    end,
    right,
    minRow,
    bounds,
  };
}

/** The leaves, in order. */
export const leavesOf = ({ numNodes, right }: KdTree): Int32Array =>
  Int32Array.from(right.subarray(0, numNodes).keys()).filter((node) => right[node] === 0);

/** The largest number of points in one leaf. */
export function maxLeaf({ numNodes, right, start, end }: KdTree): number {
  let max = 0;
  for (let node = 0; node < numNodes; node++)
    if (right[node] === 0) max = Math.max(max, end[node] - start[node]);
  return max;
}

function lowest(rows: Int32Array, from: number, to: number): number {
  let min = 0x7fffffff;
  for (let i = from; i < to; i++) if (rows[i] < min) min = rows[i];
  return min;
}

/** Writes the box around rows[from … to) and returns its widest axis. */
function boundingBox(
  data: Float64Array,
  dim: number,
  rows: Int32Array,
  from: number,
  to: number,
  bounds: Float64Array,
  node: number,
): number {
  let widestAxis = 0;
  let widest = -1;
  for (let d = 0; d < dim; d++) {
    let low = Infinity;
    let high = -Infinity;
    for (let i = from; i < to; i++) {
      const x = data[rows[i] * dim + d];
      if (x < low) low = x;
      if (x > high) high = x;
    }
    bounds[2 * node * dim + d] = low;
    bounds[(2 * node + 1) * dim + d] = high;
    if (high - low > widest) {
      widest = high - low;
      widestAxis = d;
    }
  }
  return widestAxis;
}
