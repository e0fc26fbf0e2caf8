/**
 * DBSCAN, Ester et al. 1996 (KDD-96, 226–231), with scikit-learn's order of labels.
 *
 *   core point     has minSamples points (itself among them) within eps, d ≤ eps
 *   cluster        core points connected by steps of at most eps; numbered by its lowest core row
 *   border point   no core point, but one within eps: joins the lowest-numbered such cluster
 *   noise          the rest, −1
 *
 * Results depend on the order of rows only in the numbers and, at most, in where border points go.
 */
import { ShapeError } from "../../engine/errors.ts";
import { kdTree } from "./kdTree.ts";
import { type MetricName, metricOf } from "./metrics.ts";
import { checkPoints, finiteRows, type Points, takeRows, unitRows } from "./points.ts";
import { radiusSearch, type Visit } from "./radius.ts";
import { find, singletons, unite } from "./unionFind.ts";

export interface DbscanOptions {
  /** Radius of the neighborhood, inclusive. Default 0.5, of little use: it has units. */
  readonly eps?: number;
  /** Points within eps, itself among them, that make a point core; 1 leaves no noise. Default 5. */
  readonly minSamples?: number;
  /** Default "euclidean". Rows without a direction are noise under "cosine". */
  readonly metric?: MetricName;
  /** Exponent of "minkowski". Default 2. */
  readonly p?: number;
}

export interface DbscanFit {
  readonly labels: Int32Array; // [N]
  readonly isCore: Uint8Array; // [N]
  readonly numClusters: number;
}

/** Visits the neighbors of one row, itself among them. */
type Search = (row: number, visit: Visit) => void;

/** Label per point, i32 [N]: clusters 0, 1, …; noise −1. */
export function dbscan(points: Points, options: DbscanOptions = {}): Int32Array {
  return dbscanFit(points, options).labels;
}

/** Rows with NaN or ∞ are noise. Memory is linear in N, whatever eps. */
export function dbscanFit(points: Points, options: DbscanOptions = {}): DbscanFit {
  const { eps = 0.5, minSamples = 5, metric: name = "euclidean", p = 2 } = options;
  checkPoints("dbscan", points);
  checkOptions(eps, minSamples);
  const metric = metricOf(name, p);
  const located = metric.needsUnitRows ? unitRows(points) : points;
  const rows = finiteRows(located);
  const data = takeRows(located, rows);
  const { dim } = points;
  const within = radiusSearch(kdTree(data, dim, metric), eps);
  const search: Search = (row, visit) => within({ data, at: row * dim, dim }, visit);

  const core = coreFlags(search, rows.length, minSamples);
  const clusters = clustersOfCores(search, core);
  const found = withBorders(search, core, clusters);

  const labels = new Int32Array(points.numPoints).fill(-1);
  const isCore = new Uint8Array(points.numPoints);
  rows.forEach((row, k) => {
    labels[row] = found[k];
    isCore[row] = core[k];
  });
  const numClusters = labels.reduce((most, label) => Math.max(most, label + 1), 0);
  return { labels, isCore, numClusters };
}

function coreFlags(search: Search, numPoints: number, minSamples: number): Uint8Array {
  return Uint8Array.from({ length: numPoints }, (_, row) => {
    let count = 0;
    search(row, () => ++count < minSamples); // enough is enough
    return count >= minSamples ? 1 : 0;
  });
}

/** Labels of the core points, −1 elsewhere. */
function clustersOfCores(search: Search, core: Uint8Array): Int32Array {
  const sets = singletons(core.length);
  const labels = new Int32Array(core.length).fill(-1);
  let numClusters = 0;
  for (let row = 0; row < core.length; row++)
    if (core[row])
      search(row, (other) => {
        if (core[other] && other < row) unite(sets, row, other);
        return true;
      });
  for (let row = 0; row < core.length; row++) {
    const lowest = find(sets, row);
    if (core[row]) labels[row] = lowest === row ? numClusters++ : labels[lowest];
  }
  return labels;
}

function withBorders(search: Search, core: Uint8Array, clusters: Int32Array): Int32Array {
  return clusters.map((label, row) => {
    if (core[row]) return label;
    let lowest = Infinity;
    search(row, (other) => {
      if (core[other]) lowest = Math.min(lowest, clusters[other]);
      return true;
    });
    return lowest === Infinity ? -1 : lowest;
  });
}

function checkOptions(eps: number, minSamples: number): void {
  if (!(eps >= 0)) throw new ShapeError(`dbscan(eps): expected a distance ≥ 0, got ${eps}`);
  if (!Number.isInteger(minSamples) || minSamples < 1)
    throw new ShapeError(`dbscan(minSamples): expected an integer ≥ 1, got ${minSamples}`);
}
