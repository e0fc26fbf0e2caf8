import { boruvka } from "./boruvka.ts";
import { byRow, type Neighborhoods, neighborhoods } from "./coreDistances.ts";
import { type KdTree, kdTree } from "./kdTree.ts";
import { ownMemory } from "./memory.ts";
import { type MetricName, metricOf } from "./metrics.ts";
import { checkPoints, finiteRows, type Points, sortedRows, takeRows, unitRows } from "./points.ts";
import { distancesBetween, prim } from "./prim.ts";
import type { OnProgress } from "./progress.ts";
import type { SpanningTree } from "./spanningTree.ts";

export interface ReachabilityOptions {
  readonly metric: MetricName;
  readonly p: number;
  readonly alpha: number;
  readonly canonicalOrder: boolean;
  readonly onProgress?: OnProgress;
}

/** Points with finite coordinates, numbered 0 … K−1, and how they hang together. */
export interface Reachability {
  readonly rows: Int32Array; // [K] the caller's
  readonly data: Float64Array; // [K, dim]
  readonly tree: KdTree;
  readonly core: Float64Array; // [K] distance to the `rank`-th other point
  readonly edges: SpanningTree; // K − 1
}

/** The points where those of infinite or unknown place are left out, in a tree. */
export function locate(
  where: string,
  points: Points,
  { metric: name, p, canonicalOrder }: Omit<ReachabilityOptions, "alpha">,
  memory = ownMemory,
): Pick<Reachability, "rows" | "data" | "tree"> {
  checkPoints(where, points);
  const metric = metricOf(name, p);
  const located = metric.needsUnitRows ? unitRows(points) : points;
  const finite = finiteRows(located);
  const rows = canonicalOrder ? sortedRows(located, finite) : finite;
  const data = takeRows(located, rows);
  return { rows, data, tree: kdTree(data, points.dim, metric, memory) };
}

/** Core distances of the `rank`-th other point, and the minimum spanning tree under them. */
export function reachability(
  where: string,
  points: Points,
  rankOf: (numPoints: number) => number,
  options: ReachabilityOptions,
): Reachability {
  const { rows, data, tree } = locate(where, points, options);
  const { alpha, onProgress } = options;
  const around = neighborhoods(tree, rankOf(rows.length), onProgress);
  const core = byRow(tree, around.core);
  return {
    rows,
    data,
    tree,
    core,
    edges: boruvkaOrPrim(tree, data, around, core, alpha, onProgress),
  };
}

/** The minimum spanning tree, by what is faster for these points. */
export function boruvkaOrPrim(
  tree: KdTree,
  data: Float64Array,
  around: Neighborhoods,
  core: Float64Array,
  alpha: number,
  onProgress?: OnProgress,
): SpanningTree {
  if (isBoruvkaFaster(tree)) return boruvka(tree, around, alpha, onProgress);
  return prim(distancesBetween(data, tree.dim, tree.metric), core, alpha);
}

/** Boxes of many dimensions exclude little, and few points need no tree. Measured. */
export function isBoruvkaFaster({ numPoints, dim }: Pick<Points, "numPoints" | "dim">): boolean {
  return numPoints > 128 && dim <= 64;
}
