/** What the published Transformer Regressors (arXiv:2407.07179) read and regress, and how their tracks are clustered. */

/** What a data type feeds in and regresses, in this order. */
export const regressorData = {
  "2d": { inputs: ["hit_x", "hit_y"], outputs: ["slope"] },
  linear: { inputs: ["hit_r", "hit_theta", "hit_z"], outputs: ["theta", "sin(phi)", "cos(phi)"] },
  curved: {
    inputs: ["hit_r", "hit_theta", "hit_z"],
    outputs: ["radial_coeff", "pitch_coeff", "azimuthal_coeff"],
  },
  trackml: { inputs: ["x", "y", "z"], outputs: ["theta", "sin(phi)", "cos(phi)", "q"] },
} as const;
export type RegressorDataType = keyof typeof regressorData;

/** Clustering of the regressed parameters that the authors found best. */
export interface RegressorClustering {
  minClusterSize: number;
  minSamples: number;
}

export interface PublishedRegressor extends RegressorClustering {
  dataType: RegressorDataType;
  numHeads: number;
}

/** The published weights by file name: the number of heads is not stored with them. */
export const publishedRegressors: Readonly<Record<string, PublishedRegressor>> = {
  redvid_3_linear_best: { dataType: "linear", numHeads: 8, minClusterSize: 2, minSamples: 3 },
  redvid_1to20_linear_best: { dataType: "linear", numHeads: 8, minClusterSize: 4, minSamples: 2 },
  redvid_10to50_linear_best: { dataType: "linear", numHeads: 4, minClusterSize: 4, minSamples: 2 },
  redvid_3_helical_best: { dataType: "curved", numHeads: 8, minClusterSize: 2, minSamples: 3 },
  redvid_1to20_helical_best: { dataType: "curved", numHeads: 8, minClusterSize: 5, minSamples: 2 },
  redvid_10to50_helical_best: { dataType: "curved", numHeads: 8, minClusterSize: 4, minSamples: 2 },
  "10to50_tml_best": { dataType: "trackml", numHeads: 4, minClusterSize: 5, minSamples: 2 },
  "50to100_tml_best": { dataType: "trackml", numHeads: 4, minClusterSize: 5, minSamples: 3 },
};
