/** The catalogue of models. */
export * from "./regressorBatches.ts";
export * from "./regressorSamples.ts";
export {
  type PublishedRegressor,
  publishedRegressors,
  type ReconstructOptions,
  type RegressorClustering,
  type RegressorDataType,
  type RegressorOptions,
  type RegressorPass,
  reconstructTracks,
  regressorData,
  regressorFrom,
  TransformerRegressor,
} from "./transformerRegressor.ts";
