/** The encoder classifier (TrackFormers EncCla) under the keys of the Transformer Regressor. */
import {
  classifierLoss,
  classifyHits,
  classSamples,
  numClasses,
  quantileBins,
  type TrackBins,
} from "../../../models/index.ts";
import type { HostTensor } from "../../engine/formats/hostTensor.ts";
import { linearWarmup, plateau } from "../../index.ts";
import { settingsIn } from "../configFile.ts";
import { family, type Stored } from "../family.ts";
import {
  type ClassifierConfig,
  classifierSchema,
  siblingEvaluationSchema,
} from "./classifierConfig.ts";
import { evaluateClassifier } from "./classifierEvaluation.ts";
import { HitTask } from "./hitTask.ts";
import { mapSets, type RegressorSets, readSets } from "./regressorSets.ts";
import { encoderOf, type RegressorNetwork, regressorNetwork } from "./transformerRegressor.ts";

export const encoderClassifier = family(
  ["enc-cla", "EncCla"],
  classifierSchema,
  async (config, stored) => {
    const sets = await readSets(config, stored);
    const bins = storedBins(stored) ?? quantileBins(sets.trainset, config.bins, config.data_type);
    const classed = mapSets(sets, (samples) => classSamples(samples, bins, config.data_type));
    return new HitTask(config, withBins(classed, bins), classifierNetwork(config, bins));
  },
);

const classifierNetwork = (config: ClassifierConfig, bins: TrackBins): RegressorNetwork => ({
  ...regressorNetwork(config),
  model: () => encoderOf(config, numClasses(bins)),
  loss: classifierLoss,
  schedule: scheduleOf(config),
  async infer(model, sample) {
    const data = await classifyHits(model, sample);
    const classes = { dtype: "I32", shape: [data.length], data } as HostTensor;
    return { said: ["track_class", classes], columns: "class" };
  },
  evaluate(model, sets, { set, settings }) {
    return evaluateClassifier(model, sets[set], settingsIn(settings, siblingEvaluationSchema));
  },
});

/** Rises in the first epochs, and is halved when the validation loss stops to fall. */
function scheduleOf({ learning_rate: rate, warmup, plateau_patience: patience }: ClassifierConfig) {
  const falling = plateau({ rate, factor: 0.5, patience, from: warmup });
  return linearWarmup({ rate, duration: warmup }, falling);
}

const key = "bins"; // of the metadata of weights

const withBins = (sets: RegressorSets, bins: TrackBins): RegressorSets => ({
  ...sets,
  stored: { ...sets.stored, [key]: JSON.stringify(bins) },
});

const storedBins = (stored: Stored): TrackBins | null =>
  stored[key] === undefined ? null : JSON.parse(stored[key]);
