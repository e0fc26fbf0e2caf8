import { ShapeError } from "../../engine/errors.ts";
import { byRow, neighborhoods } from "./coreDistances.ts";
import type { HdbscanFit } from "./hdbscan.ts";
import type { KdTree } from "./kdTree.ts";
import { membership } from "./labels.ts";
import { kNearest } from "./nearest.ts";
import { checkPoints, finiteRows, type Points, takeRows, unitRows } from "./points.ts";

export interface Prediction {
  readonly labels: Int32Array; // [Q] labels of the fit; −1 noise
  readonly probabilities: Float64Array; // [Q]
}

export interface PredictOptions {
  /**
   * Core distances as hdbscan 0.8 predicts with: one neighbor too few for the points of the fit, one
   * too many for new points. By default both count as the fit did.
   */
  readonly compat?: boolean;
}

/**
 * Where new points would fall in an existing clustering, without refitting.
 *
 * A new point joins the tree at its nearest neighbor under mutual reachability, at lambda =
 * 1 / distance; if the neighbor left its cluster later than that, at the ancestor that existed then.
 */
export function approximatePredict(
  fit: HdbscanFit,
  points: Points,
  { compat = false }: PredictOptions = {},
): Prediction {
  checkPoints("approximatePredict", points);
  const tree = treeOf(fit, points);
  const located = tree.metric.needsUnitRows ? unitRows(points) : points;
  const rows = finiteRows(located);
  const labels = new Int32Array(points.numPoints).fill(-1);
  const probabilities = new Float64Array(points.numPoints);
  const isAllNoise = fit.clusterOf.length === 0;
  if (isAllNoise || (compat && fit.condensed.numClusters === 1)) return { labels, probabilities };

  const { minSamples, alpha } = fit.options;
  const k = Math.min(2 * minSamples, tree.numPoints);
  const near = kNearest(tree, takeRows(located, rows), k);
  const core = compat ? shiftedCore(tree, minSamples - 1) : coreOfRows(fit);
  const rankOfCore = Math.min(compat ? minSamples : minSamples - 1, k - 1);
  const leaves = leavesOf(fit);

  for (let q = 0; q < rows.length; q++) {
    const coreOfQuery = near.distances[q * k + rankOfCore];
    let neighbor = -1;
    let nearest = Infinity; // under mutual reachability
    for (let i = q * k; i < (q + 1) * k; i++) {
      const w = Math.max(core[near.rows[i]], coreOfQuery, near.distances[i] / alpha);
      if (neighbor < 0 || w < nearest) {
        nearest = w;
        neighbor = near.rows[i];
      }
    }
    // hdbscan's stand-in for infinite density is the largest finite one
    const lambda = nearest > 0 ? 1 / nearest : compat ? Number.MAX_VALUE : Infinity;
    const { cluster, lambda: lambdaOfNeighbor } = leaves(neighbor);
    const joined = lambdaOfNeighbor > lambda ? climb(fit, cluster, lambda) : cluster;
    const label = fit.labelOf[joined];
    const selected = fit.clusterOf[label];
    const isMember = label >= 0 && (compat || selected > 0 || lambda >= fit.rootLambda);
    if (!isMember) continue;
    labels[rows[q]] = label;
    probabilities[rows[q]] = membership(lambda, fit.clusters.death[selected]);
  }
  return { labels, probabilities };
}

/** The first cluster, from `cluster` upwards, that had split off before `lambda`. */
function climb({ clusters: { parent, birth } }: HdbscanFit, cluster: number, lambda: number) {
  while (cluster > 0 && birth[cluster] >= lambda) cluster = parent[cluster];
  return cluster;
}

/** Looks up which cluster a point of the fit falls out of, and at which lambda. */
function leavesOf({ condensed: { numPoints, parent, child, lambda } }: HdbscanFit) {
  const rowOf = new Int32Array(numPoints);
  for (let row = 0; row < child.length; row++) if (child[row] < numPoints) rowOf[child[row]] = row;
  return (point: number) => ({
    cluster: parent[rowOf[point]] - numPoints,
    lambda: lambda[rowOf[point]],
  });
}

const coreOfRows = ({ coreDistances: core, rows }: HdbscanFit) =>
  Float64Array.from(rows, (row) => core[row]);

/** Distance to the k-th other point; 0 for k = 0. */
const shiftedCore = (tree: KdTree, k: number) =>
  k === 0
    ? new Float64Array(tree.numPoints)
    : byRow(tree, neighborhoods(tree, Math.min(k, tree.numPoints - 1)).core);

function treeOf({ kdTree: tree }: HdbscanFit, { dim, numPoints }: Points): KdTree {
  if (tree === null)
    throw new ShapeError("approximatePredict(fit): expected a fit of points, got one of distances");
  if (numPoints > 0 && dim !== tree.dim)
    throw new ShapeError(`approximatePredict(points): expected dim ${tree.dim}, got ${dim}`);
  return tree;
}
