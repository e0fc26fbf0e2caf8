/** The refiner of the Transformer Regressor, trained on true tracks of the same data, under the same keys. */
import { type RegressorSample, trackSamples } from "../../../models/index.ts";
import { family } from "../family.ts";
import { refinerSchema } from "./regressorConfig.ts";
import { readSets } from "./regressorSets.ts";
import { RegressorTask } from "./transformerRegressor.ts";

export const refiner = family(["refiner"], refinerSchema, async (config, stored) => {
  const sets = await readSets(config, stored);
  const tracks = (samples: readonly RegressorSample[]) => samples.flatMap(trackSamples);
  return new RegressorTask(config, {
    trainset: tracks(sets.trainset),
    valset: tracks(sets.valset),
    testset: tracks(sets.testset),
    stored: sets.stored,
  });
});
