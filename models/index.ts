/** The catalogue of models. */

export { EggNet, type EggNetOutput } from "./eggnet.ts";
export { hitColumn } from "./eggnetColumns.ts";
export {
  type EggNetConfig,
  type EggNetWeighting,
  eggnetOptions,
  pairWeights,
} from "./eggnetConfig.ts";
export * from "./eggnetEvaluation.ts";
export { type EggNetLossOptions, type EggNetTruth, eggnetLoss, randomPairs } from "./eggnetLoss.ts";
export type { EggNetOptions, EggNetPart, NetworkSize } from "./eggnetOptions.ts";
export * from "./eggnetSamples.ts";
export { type EggNetRates, eggnetSchedule } from "./eggnetSchedule.ts";
export * from "./encoderClassifier.ts";
export * from "./encoderDecoder.ts";
export * from "./parameterErrors.ts";
export * from "./publishedRegressors.ts";
export * from "./reconstructTracks.ts";
export * from "./refiner.ts";
export * from "./regressorBatches.ts";
export * from "./regressorDomains.ts";
export * from "./regressorEvaluation.ts";
export * from "./regressorSamples.ts";
export * from "./trackBins.ts";
export * from "./trackFollowing.ts";
export * from "./trackSequences.ts";
export {
  type RegressorOptions,
  type RegressorPass,
  regressorFrom,
  TransformerRegressor,
} from "./transformerRegressor.ts";
