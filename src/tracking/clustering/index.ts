import { dbscan } from "./dbscan.ts";
import { hdbscan } from "./hdbscan.ts";
import type { Points } from "./points.ts";

/** Every algorithm that labels points; command line, tests and benchmarks read this table. */
export const clusterings = { hdbscan, dbscan } satisfies Record<
  string,
  (points: Points, options?: object) => Int32Array
>;

export type { Clusters } from "./clusters.ts";
export type { CondensedTree } from "./condense.ts";
export { type ComponentOptions, connectedComponents } from "./connectedComponents.ts";
export { type DbscanFit, type DbscanOptions, dbscan, dbscanEdges, dbscanFit } from "./dbscan.ts";
export { type DbscanScanOptions, dbscanAt, dbscanScan } from "./dbscanScan.ts";
export {
  type Clustering,
  clusterDendrogram,
  type HdbscanAsyncOptions,
  type HdbscanFit,
  hdbscan,
  hdbscanAsync,
  hdbscanDistances,
  hdbscanFit,
  hdbscanFitAsync,
} from "./hdbscan.ts";
export type { HdbscanOptions, HdbscanSettings } from "./hdbscanOptions.ts";
export { type HdbscanGrid, type HdbscanSetting, hdbscanScan } from "./hdbscanScan.ts";
export { type KdTree, kdTree } from "./kdTree.ts";
export { type KMeans, type KMeansOptions, kMeans } from "./kMeans.ts";
export { type Metric, type MetricName, metricOf } from "./metrics.ts";
export { kNearest, type Neighbors } from "./nearest.ts";
export type { Points } from "./points.ts";
export { approximatePredict, type Prediction, type PredictOptions } from "./predict.ts";
export type { ClusteringProgress } from "./progress.ts";
export { type RadiusNeighbors, radiusNeighbors } from "./radius.ts";
export type { SearchTask, SearchThreads } from "./searchTask.ts";
export { cutSingleLinkage, cutsOfSingleLinkage, type SingleLinkage } from "./singleLinkage.ts";
export type { SpanningTree } from "./spanningTree.ts";
