/** The refiner of the Transformer Regressor, trained on true tracks of the same data, under the same keys. */
import { type RegressorSample, regressorData, trackSamples } from "../../../models/index.ts";
import { family } from "../family.ts";
import { HitTask } from "./hitTask.ts";
import { refinerSchema } from "./regressorConfig.ts";
import { evaluateParameters } from "./regressorEvaluation.ts";
import { mapSets, readSets } from "./regressorSets.ts";
import { type RegressorNetwork, regressorNetwork } from "./transformerRegressor.ts";

export const refiner = family(["refiner"], refinerSchema, async (config, stored) => {
  const sets = await readSets(config, stored);
  const tracks = (samples: readonly RegressorSample[]) => samples.flatMap(trackSamples);
  const network: RegressorNetwork = {
    ...regressorNetwork(config),
    evaluate: (model, found, { set }) =>
      evaluateParameters(model, found[set], regressorData[config.data_type].outputs),
  };
  return new HitTask(config, mapSets(sets, tracks), network);
});
