/** Catalogue of metrics: one file each, pure functions of labels and truth per hit. */
export * from "./clusterMetrics.ts";
export * from "./differential.ts";
export * from "./hitsPerCluster.ts";
export * from "./partition.ts";
export * from "./trackFormersMetrics.ts";
export * from "./trackMetrics.ts";
export * from "./trackmlScore.ts";
export * from "./trackmlWeights.ts";
