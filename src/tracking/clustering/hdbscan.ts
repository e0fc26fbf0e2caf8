/**
 * HDBSCAN, Campello et al. 2013 (doi:10.1007/978-3-642-37456-2_14), exact and deterministic.
 *
 * Clusters, outliers and probabilities agree with scikit-learn-contrib/hdbscan on an exact spanning
 * tree, except where that leaves ties to chance: see spanningTree.ts. Everything is f64.
 */
import { ShapeError } from "../../engine/errors.ts";
import { type Clusters, clustersOf } from "./clusters.ts";
import { type CondensedTree, condense } from "./condense.ts";
import { coreDistancesOfMatrix } from "./coreDistances.ts";
import { completeOptions, type HdbscanOptions, type HdbscanSettings } from "./hdbscanOptions.ts";
import type { KdTree } from "./kdTree.ts";
import { type Labels, labelsOf } from "./labels.ts";
import { outlierScores } from "./outliers.ts";
import type { Points } from "./points.ts";
import { distancesOfMatrix, prim } from "./prim.ts";
import { type Reachability, reachability } from "./reachability.ts";
import { reachabilityInThreads } from "./reachabilityInThreads.ts";
import type { SearchThreads } from "./searchTask.ts";
import { select } from "./select.ts";
import { simplify } from "./simplify.ts";
import { type SingleLinkage, singleLinkage } from "./singleLinkage.ts";
import type { SpanningTree } from "./spanningTree.ts";

/** What follows from a dendrogram of N points. */
export interface Clustering extends Labels {
  readonly condensed: CondensedTree;
  readonly clusters: Clusters; // of the condensed tree
  readonly outlierScores: Float64Array; // [N] GLOSH
}

/**
 * All that was computed. Arrays per point have one entry per row given; rows with NaN or ∞ are noise
 * (label −1, probability 0, outlier score 1, core distance NaN). The trees number the K other rows
 * 0 … K−1, in order (that of their coordinates with `canonicalOrder`): `rows` says which they are.
 */
export interface HdbscanFit extends Clustering {
  readonly coreDistances: Float64Array; // [N]
  readonly rows: Int32Array; // [K]
  readonly spanningTree: SpanningTree; // K − 1 edges
  readonly singleLinkage: SingleLinkage;
  readonly kdTree: KdTree | null; // null for given distances
  readonly options: HdbscanSettings;
}

/** Label per point, i32 [N]: clusters 0, 1, …; noise −1. */
export function hdbscan(points: Points, options: HdbscanOptions = {}): Int32Array {
  return hdbscanFit(points, options).labels;
}

/** HDBSCAN of points, with everything that was computed on the way. */
export function hdbscanFit(points: Points, options: HdbscanOptions = {}): HdbscanFit {
  const settings = completeOptions(options);
  const rank = (numPoints: number) => rankOfCore(numPoints, settings.minSamples);
  const { onProgress } = options;
  return fitOf(points, reachability("hdbscan", points, rank, { ...settings, onProgress }), options);
}

export interface HdbscanAsyncOptions extends HdbscanOptions {
  /** Who searches, `clusteringThreads()` of trackgrad/node; without, all is done here at once. */
  readonly threads?: SearchThreads | undefined;
}

/** `hdbscan` with threads: the same labels, however many there are. A thread that is lost is a DeviceError. */
export async function hdbscanAsync(
  points: Points,
  options: HdbscanAsyncOptions = {},
): Promise<Int32Array> {
  return (await hdbscanFitAsync(points, options)).labels;
}

/** `hdbscanFit` with threads: the same bits, however many there are. */
export async function hdbscanFitAsync(
  points: Points,
  options: HdbscanAsyncOptions = {},
): Promise<HdbscanFit> {
  const { threads, onProgress } = options;
  if (!threads) return hdbscanFit(points, options);
  const settings = completeOptions(options);
  const rank = (numPoints: number) => rankOfCore(numPoints, settings.minSamples);
  const asked = { ...settings, onProgress, threads };
  return fitOf(points, await reachabilityInThreads("hdbscan", points, rank, asked), options);
}

function fitOf(points: Points, found: Reachability, options: HdbscanOptions): HdbscanFit {
  const { rows, tree, core, edges } = found;
  const dendrogram = singleLinkage(edges);
  return {
    ...perRow(clusterDendrogram(dendrogram, options), core, rows, points.numPoints),
    rows,
    spanningTree: edges,
    singleLinkage: dendrogram,
    kdTree: tree,
    options: completeOptions(options),
  };
}

/** HDBSCAN of a dense matrix of distances, [N, N] and symmetric; ∞ means not connected. */
export function hdbscanDistances(
  distances: ArrayLike<number>,
  numPoints: number,
  options: Omit<HdbscanOptions, "metric" | "p" | "canonicalOrder"> = {},
): HdbscanFit {
  checkDistances(distances, numPoints);
  const settings = completeOptions(options);
  const core = coreDistancesOfMatrix(
    distances,
    numPoints,
    rankOfCore(numPoints, settings.minSamples),
  );
  const edges = prim(distancesOfMatrix(distances), core, settings.alpha);
  const rows = Int32Array.from({ length: numPoints }, (_, row) => row);
  const dendrogram = singleLinkage(edges);
  return {
    ...clusterDendrogram(dendrogram, options),
    coreDistances: core,
    rows,
    spanningTree: edges,
    singleLinkage: dendrogram,
    kdTree: null,
    options: settings,
  };
}

/**
 * The steps after single linkage: condensed tree, selection, labels. Cheap against the steps before,
 * so one dendrogram serves many settings (all but minSamples, alpha and the metric).
 */
export function clusterDendrogram(
  dendrogram: SingleLinkage,
  options: HdbscanOptions = {},
): Clustering {
  const settings = completeOptions(options);
  const { minClusterSize, clusterSelectionPersistence, clusterSelectionEpsilon } = settings;
  const condensed = simplify(condense(dendrogram, minClusterSize), clusterSelectionPersistence);
  const clusters = clustersOf(condensed);
  const selection = select(condensed, clusters, settings);
  return {
    ...labelsOf(condensed, clusters, selection, clusterSelectionEpsilon),
    condensed,
    clusters,
    outlierScores: outlierScores(condensed, clusters),
  };
}

/** Spreads the values of the clustered rows over all rows. */
function perRow(clustering: Clustering, core: Float64Array, rows: Int32Array, numRows: number) {
  const all = {
    labels: new Int32Array(numRows).fill(-1),
    probabilities: new Float64Array(numRows),
    outlierScores: new Float64Array(numRows).fill(1),
    coreDistances: new Float64Array(numRows).fill(Number.NaN),
  };
  rows.forEach((row, k) => {
    all.labels[row] = clustering.labels[k];
    all.probabilities[row] = clustering.probabilities[k];
    all.outlierScores[row] = clustering.outlierScores[k];
    all.coreDistances[row] = core[k];
  });
  return { ...clustering, ...all };
}

/** minSamples, but no more than there are other points. */
export function rankOfCore(numPoints: number, minSamples: number): number {
  return Math.max(1, Math.min(numPoints - 1, minSamples));
}

function checkDistances(distances: ArrayLike<number>, numPoints: number): void {
  const where = "hdbscan(distances)";
  if (distances.length !== numPoints * numPoints)
    throw new ShapeError(
      `${where}: expected [${numPoints}, ${numPoints}], got ${distances.length} numbers`,
    );
  for (let i = 0; i < numPoints; i++) {
    for (let j = 0; j <= i; j++) {
      const d = distances[i * numPoints + j];
      if (!(d >= 0) || (i === j && d !== 0))
        throw new ShapeError(
          `${where}: expected ${i === j ? "0 on the diagonal" : "a distance ≥ 0"}, ` +
            `got ${d} at [${i}, ${j}]`,
        );
      if (d !== distances[j * numPoints + i])
        throw new ShapeError(
          `${where}: expected a symmetric matrix, got ${d} at [${i}, ${j}] and ` +
            `${distances[j * numPoints + i]} at [${j}, ${i}] (average it with its transpose)`,
        );
    }
  }
}
