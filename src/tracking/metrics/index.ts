/** Catalogue of metrics: one file each, pure functions of plain arrays. */
export * from "./clusterMetrics.ts";
export {
  type BinaryRates,
  binaryRates,
  type Confusion,
  confusion,
  ratesOf,
} from "./confusion.ts";
export * from "./differential.ts";
export * from "./edgeClassification.ts";
export * from "./edgeEfficiency.ts";
export * from "./edgesFound.ts";
export * from "./eggnetValidation.ts";
export * from "./goodNodes.ts";
export * from "./graphCounts.ts";
export * from "./hitsPerCluster.ts";
export * from "./majorityCounts.ts";
export {
  type BinnedMatching,
  type MatchingCounts,
  type MatchingRates,
  matchingRates,
  matchingRatesInBins,
} from "./matchingRates.ts";
export * from "./partition.ts";
export * from "./pooledRates.ts";
export * from "./proportion.ts";
export * from "./residualStatistics.ts";
export * from "./rocAuc.ts";
export * from "./segmentFractions.ts";
export * from "./thresholdScan.ts";
export {
  type ConnectivityOptions,
  type ConnectivitySummary,
  summarizeConnectivity,
  type TrackConnectivity,
  trackConnectivity,
} from "./trackConnectivity.ts";
export * from "./trackFormersMetrics.ts";
export * from "./trackMatching.ts";
export * from "./trackMetrics.ts";
export * from "./trackmlScore.ts";
export * from "./trackmlWeights.ts";
export * from "./trackResolution.ts";
