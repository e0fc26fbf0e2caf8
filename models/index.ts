/** The catalogue of models. */
export {
  type PublishedRegressor,
  publishedRegressors,
  type RegressorClustering,
  type RegressorDataType,
  type RegressorOptions,
  regressorData,
  regressorFrom,
  TransformerRegressor,
} from "./transformerRegressor.ts";
