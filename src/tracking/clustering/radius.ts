import { ShapeError } from "../../engine/errors.ts";
import { type KdTree, maxLeaf } from "./kdTree.ts";
import type { Metric, Row } from "./metrics.ts";

/** The points near each of Q queries: those of query q are entries offsets[q] … offsets[q + 1]. */
export interface RadiusNeighbors {
  readonly offsets: Uint32Array; // [Q + 1]
  readonly rows: Int32Array; // ascending within a query
  readonly distances: Float64Array;
}

/** Receives one point within the radius; returning false ends the search. */
export type Visit = (row: number, reduced: number) => boolean;

/**
 * All of the tree's points at most `radius` from each query, queries f64 [Q, dim]. A query that is
 * itself in the tree finds itself. Memory is that of the answer; one answer at the largest radius
 * serves all smaller ones.
 */
export function radiusNeighbors(
  tree: KdTree,
  queries: Float64Array,
  radius: number,
): RadiusNeighbors {
  const { dim, metric } = tree;
  const numQueries = dim === 0 ? 0 : queries.length / dim;
  if (!(radius >= 0))
    throw new ShapeError(`radiusNeighbors(radius): expected a distance ≥ 0, got ${radius}`);
  if (!Number.isInteger(numQueries))
    throw new ShapeError(
      `radiusNeighbors(queries): expected rows of ${dim} numbers, got ${queries.length} numbers`,
    );
  const search = radiusSearch(tree, radius);
  const offsets = new Uint32Array(numQueries + 1);
  const rows: number[] = [];
  const distances: number[] = [];
  for (let q = 0; q < numQueries; q++) {
    const found: [row: number, distance: number][] = [];
    search({ data: queries, at: q * dim, dim }, (row, reduced) => {
      found.push([row, metric.distance(reduced)]);
      return true;
    });
    found.sort(([a], [b]) => a - b);
    for (const [row, distance] of found) {
      rows.push(row);
      distances.push(distance);
    }
    offsets[q + 1] = rows.length;
  }
  return { offsets, rows: Int32Array.from(rows), distances: Float64Array.from(distances) };
}

/**
 * A reusable search that visits the points at most `radius` from a query, in tree order. Reduced
 * distances are compared, so a distance equal to the radius is inside.
 */
export function radiusSearch(tree: KdTree, radius: number): (query: Row, visit: Visit) => void {
  const { metric, data, rows, start, end, right, bounds } = tree;
  const limit = reducedLimit(metric, radius);
  const stack = new Int32Array(64); // the depth of a balanced tree
  const run = new Float64Array(maxLeaf(tree));

  return (query, visit) => {
    stack[0] = 0;
    for (let top = 1; top > 0; ) {
      const node = stack[--top];
      if (metric.toBox(query, bounds, node, limit) > limit) continue;
      if (right[node] !== 0) {
        stack[top++] = right[node];
        stack[top++] = node + 1;
        continue;
      }
      const first = start[node];
      metric.toRun(query, data, first, end[node], run, limit);
      for (let position = first; position < end[node]; position++) {
        const reduced = run[position - first];
        if (reduced <= limit && !visit(rows[position], reduced)) return;
      }
    }
  };
}

/** The largest reduced distance that stands for at most `radius`: its own may be off by a rounding. */
function reducedLimit(metric: Metric, radius: number): number {
  let limit = metric.reduced(radius);
  while (metric.distance(limit) > radius) limit *= 1 - 2 ** -53;
  for (;;) {
    const next = limit * (1 + 2 ** -52);
    if (next === limit || metric.distance(next) > radius) return limit;
    limit = next;
  }
}
