import { ShapeError } from "../../engine/errors.ts";
import { type KdTree, maxLeaf } from "./kdTree.ts";
import type { Row } from "./metrics.ts";

/** The k nearest points of Q queries, nearest first, lower row first where equally far. */
export interface Neighbors {
  readonly k: number;
  readonly rows: Int32Array; // [Q, k]
  readonly distances: Float64Array; // [Q, k]
}

/**
 * The k nearest of the tree's points to each query, queries f64 [Q, dim]. A query that is itself
 * in the tree finds itself.
 */
export function kNearest(tree: KdTree, queries: Float64Array, k: number): Neighbors {
  const { dim, metric } = tree;
  const numQueries = dim === 0 ? 0 : queries.length / dim;
  if (!Number.isInteger(k) || k < 1 || k > tree.numPoints)
    throw new ShapeError(`kNearest(k): expected an integer 1 … ${tree.numPoints}, got ${k}`);
  if (!Number.isInteger(numQueries))
    throw new ShapeError(
      `kNearest(queries): expected rows of ${dim} numbers, got ${queries.length} numbers`,
    );
  const rows = new Int32Array(numQueries * k);
  const distances = new Float64Array(numQueries * k);
  const search = nearestSearch(tree, k);
  for (let q = 0; q < numQueries; q++) {
    search.run({ data: queries, at: q * dim, dim });
    for (let rank = k - 1; rank >= 0; rank--) {
      rows[q * k + rank] = search.heap.rows[0]; // the farthest of those left
      distances[q * k + rank] = metric.distance(search.heap.reduced[0]);
      search.dropFarthest();
    }
  }
  return { k, rows, distances };
}

/** A binary heap, farthest (then highest row) on top. */
export interface NeighborHeap {
  readonly reduced: Float64Array; // [k]
  readonly rows: Int32Array; // [k]
}

/** A reusable search for the k nearest; `run` leaves them in the heap. */
export function nearestSearch(tree: KdTree, k: number) {
  const { metric, data, rows, start, end, right, minRow, bounds } = tree;
  const heap: NeighborHeap = { reduced: new Float64Array(k), rows: new Int32Array(k) };
  const stack = new Int32Array(64); // the depth of a balanced tree
  const stackReduced = new Float64Array(64);
  const run = new Float64Array(maxLeaf(tree));

  /** Nothing in a node this far can enter the heap. */
  const isTooFar = (node: number, reduced: number) =>
    reduced > heap.reduced[0] || (reduced === heap.reduced[0] && minRow[node] > heap.rows[0]);

  function search(query: Row): void {
    heap.reduced.fill(Infinity);
    heap.rows.fill(0x7fffffff);
    stack[0] = 0;
    stackReduced[0] = 0;
    for (let top = 1; top > 0; ) {
      let node = stack[--top];
      if (isTooFar(node, stackReduced[top])) continue;

      // down to the nearest leaf; the farther siblings wait on the stack
      while (right[node] !== 0) {
        const left = node + 1;
        const other = right[node];
        const leftReduced = metric.toBox(query, bounds, left, heap.reduced[0]);
        const otherReduced = metric.toBox(query, bounds, other, heap.reduced[0]);
        const isLeftNear =
          leftReduced < otherReduced ||
          (leftReduced === otherReduced && minRow[left] < minRow[other]);
        const far = isLeftNear ? other : left;
        const farReduced = isLeftNear ? otherReduced : leftReduced;
        if (!isTooFar(far, farReduced)) {
          stack[top] = far;
          stackReduced[top++] = farReduced;
        }
        node = isLeftNear ? left : other;
      }

      const first = start[node];
      metric.toRun(query, data, first, end[node], run, heap.reduced[0]);
      for (let position = first; position < end[node]; position++) {
        const reduced = run[position - first];
        if (reduced > heap.reduced[0]) continue;
        const row = rows[position];
        if (reduced < heap.reduced[0] || row < heap.rows[0]) replaceFarthest(heap, reduced, row);
      }
    }
  }
  /** The next farthest comes to the top; row −1 takes the free place. */
  const dropFarthest = () => replaceFarthest(heap, -1, -1);
  return { heap, run: search, dropFarthest };
}

function replaceFarthest({ reduced, rows }: NeighborHeap, newReduced: number, newRow: number) {
  const k = rows.length;
  let hole = 0;
  for (let child = 1; child < k; child = 2 * hole + 1) {
    const sibling = child + 1;
    if (sibling < k && isFarther(reduced[sibling], rows[sibling], reduced[child], rows[child]))
      child = sibling;
    if (!isFarther(reduced[child], rows[child], newReduced, newRow)) break;
    reduced[hole] = reduced[child];
    rows[hole] = rows[child];
    hole = child;
  }
  reduced[hole] = newReduced;
  rows[hole] = newRow;
}

const isFarther = (a: number, rowA: number, b: number, rowB: number) =>
  a > b || (a === b && rowA > rowB);
