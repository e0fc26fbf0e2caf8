/** The catalogue of models. */
export {
  type PublishedRegressor,
  publishedRegressors,
  type ReconstructOptions,
  type RegressorClustering,
  type RegressorDataType,
  type RegressorOptions,
  reconstructTracks,
  regressorData,
  regressorFrom,
  TransformerRegressor,
} from "./transformerRegressor.ts";
