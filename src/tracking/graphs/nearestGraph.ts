import { ShapeError } from "../../engine/errors.ts";
import { kdTree } from "../clustering/kdTree.ts";
import { metricOf } from "../clustering/metrics.ts";
import { kNearest } from "../clustering/nearest.ts";
import { finiteData, type Points } from "../clustering/points.ts";
import type { EdgeIndex } from "./edgeIndex.ts";

export interface NearestGraphOptions {
  /** Neighbors per point, at most. */
  readonly k: number;
  /** No edge is longer than this. Default: any length. */
  readonly radius?: number;
  /**
   * Period of each coordinate that is an angle, null for the others: with [null, 2π], points at φ = −π
   * and π are neighbors. Default: none is.
   */
  readonly periods?: readonly (number | null)[];
  /** Whether each point has an edge to itself. Default false. */
  readonly self?: boolean;
}

/** A graph of neighbors, sorted by target; the edges of one target nearest first. */
export interface NearestGraph extends EdgeIndex {
  readonly source: Uint32Array; // [E]
  readonly target: Uint32Array; // [E]
  readonly distance: Float64Array; // [E]
}

/**
 * Edges to each point from its k nearest others, exactly, by Euclidean distance; ties go to the lower
 * row. All points within a radius have edges where k is as large as their number.
 */
export function nearestGraph(points: Points, options: NearestGraphOptions): NearestGraph {
  const { k, radius = Infinity, periods = [], self = false } = options;
  const data = finiteData("nearestGraph", "points", points);
  const { numPoints, dim } = points;
  if (!(Number.isInteger(k) && k >= 1))
    throw new ShapeError(`nearestGraph(k): expected a whole number ≥ 1, got ${k}`);
  if (!(radius >= 0))
    throw new ShapeError(`nearestGraph(radius): expected a distance ≥ 0, got ${radius}`);
  if (numPoints === 0) return collect([]);
  const copies = withImages(data, dim, periods);
  const numCopies = copies.length / dim;
  // each point stands for as many as it has images; the nearest image is the one that counts
  const most = Math.min(numCopies, (numCopies / numPoints) * (k + 1));
  const found = kNearest(kdTree(copies, dim, metricOf("euclidean")), data, most);

  const edges: Edge[] = [];
  for (let target = 0; target < numPoints; target++) {
    const isDone = new Set<number>(self ? [] : [target]);
    const own: Edge[] = [];
    for (let i = target * most; i < (target + 1) * most; i++) {
      const [source, distance] = [found.rows[i] % numPoints, found.distances[i]];
      if (isDone.has(source) || distance > radius) continue;
      isDone.add(source);
      own.push([source, target, distance]);
    }
    own.sort(([a, , near], [b, , far]) => near - far || a - b); // images are of higher rows
    edges.push(...own.slice(0, k));
  }
  return collect(edges);
}

type Edge = readonly [source: number, target: number, distance: number];

const collect = (edges: readonly Edge[]): NearestGraph => ({
  source: Uint32Array.from(edges, ([source]) => source),
  target: Uint32Array.from(edges, ([, target]) => target),
  distance: Float64Array.from(edges, ([, , distance]) => distance),
});

/** The points, then all of them moved by one period, up and down, of each periodic coordinate. */
function withImages(
  data: Float64Array,
  dim: number,
  periods: readonly (number | null)[],
): Float64Array {
  let copies = data;
  for (const [axis, period] of periods.entries()) {
    if (period === null) continue;
    if (axis >= dim || !(period > 0))
      throw new ShapeError(
        `nearestGraph(periods): expected up to ${dim} positive numbers or null, got ${periods}`,
      );
    const moved = [-period, period].map((by) =>
      copies.map((x, i) => (i % dim === axis ? x + by : x)),
    );
    const all = new Float64Array(3 * copies.length);
    for (const [which, part] of [copies, ...moved].entries()) all.set(part, which * copies.length);
    copies = all;
  }
  return copies;
}
