/** A step of an EggNet's training, and the rate that is looked at after each epoch. */
import {
  type EggNet,
  type EggNetFeatures,
  type EggNetTruth,
  eggnetInputs,
  eggnetLoss,
  eggnetTruth,
  embedHits,
  hitColumn,
  pairWeights,
  randomPairs,
  tracksAt,
} from "../../../models/index.ts";
import { type Rng, type Tensor, tensor } from "../../index.ts";
import { type Event, eggnetValidation } from "../../tracking/index.ts";
import type { EggNetSettings } from "./eggnetConfig.ts";
import { signalHits } from "./eggnetSets.ts";

/** What the validation of a training clusters with, as published. */
const validationEps = 0.1;

const kinds = {
  Contrastive: "contrastive",
  WeightedContrastive: "weightedContrastive",
  ObjectCondensation: "objectCondensation",
} as const;

/** An event on its way through the network. */
export interface EggNetBatch {
  name: string;
  hits: Tensor;
  truth: EggNetTruth;
}

export function batchOf(
  event: Event,
  { weighting }: EggNetSettings,
  features: EggNetFeatures,
): EggNetBatch {
  const names = (weighting?.conditional_weighting ?? []).flatMap(({ conditions }) =>
    Object.keys(conditions),
  );
  const columns = Object.fromEntries(names.map((name) => [name, hitColumn(event, name)]));
  const { trueWeight, fakeWeight } = pairWeights(weighting, columns, event.numHits);
  const truth = { ...eggnetTruth(event), trueWeight: tensor(trueWeight), fakeWeight };
  return { name: event.name, hits: eggnetInputs(event, features), truth };
}

export const lossOf = (
  model: EggNet,
  { hits, truth }: EggNetBatch,
  config: EggNetSettings,
  rng: Rng,
): Tensor =>
  eggnetLoss(model.forward(hits), truth, {
    kind: kinds[config.loss],
    k: config.knn_loss,
    margin: config.margin,
    ...(typeof config.r_max_train === "number" && { maxDistance: config.r_max_train }),
    ...(config.randomisation > 0 && {
      randomPairs: randomPairs(rng, hits.shape[0], config.randomisation),
    }),
    minCharge: config.qmin,
    noiseWeight: config.sb,
  }).loss;

const monitored = {
  val_eff: "efficiency",
  val_signal_eff: "signalEfficiency",
  val_dup: "duplicateRate",
  val_fak: "fakeRate",
} as const;

/** Mean over the validation set of the monitored rate. */
export async function validationRate(
  model: EggNet,
  events: readonly Event[],
  config: EggNetSettings,
  features: EggNetFeatures,
): Promise<number> {
  let sum = 0;
  for (const event of events) {
    const { embedding } = await embedHits(model, eggnetInputs(event, features));
    const rates = eggnetValidation({
      label: tracksAt(embedding, [validationEps])[0],
      particle: event.truth!.particleIndex,
      isTarget: signalHits(event, config),
    });
    const rate = rates[monitored[config.metric_to_monitor]];
    sum += Number.isNaN(rate) ? 0 : rate;
  }
  return sum / Math.max(1, events.length);
}
