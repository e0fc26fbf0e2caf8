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
import { checkEdges, type EdgeIndex } from "../graphs/edgeIndex.ts";
import type { MetricName } from "./metrics.ts";
import type { Points } from "./points.ts";
import { radiusSearch, type Visit } from "./radius.ts";
import { locate } from "./reachability.ts";
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
  const { eps = 0.5, minSamples = 5, metric = "euclidean", p = 2 } = options;
  checkOptions(eps, minSamples);
  const { rows, data, tree } = locate("dbscan", points, { metric, p, canonicalOrder: false });
  const { dim } = points;
  const within = radiusSearch(tree, eps);
  const search: Search = (row, visit) => within({ data, at: row * dim, dim }, visit);
  return fitRows(search, rows, points.numPoints, minSamples);
}

/**
 * DBSCAN of nodes whose distances are known along edges only, taken without direction; of edges given
 * twice the nearer one holds. A node without edges is noise, with `minSamples` 1 too. With distances
 * 1 − score and eps 0.25 it labels hits as Exa.TrkX's paper did (Ju et al. 2021, arXiv:2103.06995).
 */
export function dbscanEdges(
  edges: EdgeIndex,
  distance: ArrayLike<number>,
  numNodes: number,
  { eps = 0.5, minSamples = 5 }: Pick<DbscanOptions, "eps" | "minSamples"> = {},
): DbscanFit {
  checkEdges("dbscanEdges", edges, numNodes);
  checkOptions(eps, minSamples);
  const { source, target } = edges;
  if (distance.length !== source.length)
    throw new ShapeError(
      `dbscanEdges(distance): expected [${source.length}], like edges, got [${distance.length}]`,
    );
  const isKnown = new Uint8Array(numNodes);
  const near = Array.from({ length: numNodes }, (_, node) => new Set([node]));
  for (let e = 0; e < source.length; e++) {
    isKnown[source[e]] = isKnown[target[e]] = 1;
    if (!(distance[e] <= eps)) continue;
    near[source[e]].add(target[e]);
    near[target[e]].add(source[e]);
  }
  const rows = Int32Array.from(isKnown.keys()).filter((node) => isKnown[node] === 1);
  const place = new Int32Array(numNodes);
  rows.forEach((node, k) => {
    place[node] = k;
  });
  const search: Search = (k, visit) => {
    for (const other of near[rows[k]]) if (!visit(place[other], 0)) return;
  };
  return fitRows(search, rows, numNodes, minSamples);
}

/** Labels the rows that take part; the others are noise. */
function fitRows(search: Search, rows: Int32Array, numRows: number, minSamples: number): DbscanFit {
  const core = coreFlags(search, rows.length, minSamples);
  const clusters = clustersOfCores(search, core);
  const found = withBorders(search, core, clusters);

  const labels = new Int32Array(numRows).fill(-1);
  const isCore = new Uint8Array(numRows);
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

export function checkOptions(eps: number, minSamples: number): void {
  if (!(eps >= 0)) throw new ShapeError(`dbscan(eps): expected a distance ≥ 0, got ${eps}`);
  if (!Number.isInteger(minSamples) || minSamples < 1)
    throw new ShapeError(`dbscan(minSamples): expected an integer ≥ 1, got ${minSamples}`);
}
