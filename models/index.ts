/** The catalogue of models. */

export {
  EggNet,
  type EggNetOptions,
  type EggNetOutput,
  type EggNetPart,
  type NetworkSize,
} from "./eggnet.ts";
export { hitColumn } from "./eggnetColumns.ts";
export {
  type EggNetConfig,
  type EggNetWeighting,
  eggnetOptions,
  pairWeights,
} from "./eggnetConfig.ts";
export * from "./eggnetEvaluation.ts";
export { type EggNetLossOptions, type EggNetTruth, eggnetLoss, randomPairs } from "./eggnetLoss.ts";
export * from "./eggnetSamples.ts";
export { type EggNetRates, eggnetSchedule } from "./eggnetSchedule.ts";
export * from "./encoderClassifier.ts";
export * from "./encoderDecoder.ts";
export * from "./refiner.ts";
export * from "./regressorBatches.ts";
export * from "./regressorDomains.ts";
export * from "./regressorEvaluation.ts";
export * from "./regressorSamples.ts";
export * from "./trackBins.ts";
export * from "./trackFollowing.ts";
export * from "./trackSequences.ts";
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
