/** The Transformer Regressor (arXiv:2407.07179) under the keys of its published program, and some of ours. */
import {
  packedBatch,
  paddedBatch,
  type RegressorBatch,
  regressHits,
  regressorData,
  regressorLoss,
  sumOfEventLosses,
  TransformerRegressor,
} from "../../../models/index.ts";
import type { HostTensor } from "../../engine/formats/hostTensor.ts";
import { currentDevice, Rng } from "../../index.ts";
import { settingsIn } from "../configFile.ts";
import { family } from "../family.ts";
import { type HitNetwork, HitTask } from "./hitTask.ts";
import {
  type EncoderConfig,
  regressorEvaluationSchema,
  regressorSchema,
} from "./regressorConfig.ts";
import { evaluateRegressor } from "./regressorEvaluation.ts";
import { type RegressorSets, readSets } from "./regressorSets.ts";

export const transformerRegressor = family(
  ["transformer-regressor", "EncReg"],
  regressorSchema,
  async (config, stored) => regressorTask(config, await readSets(config, stored)),
);

export type RegressorNetwork = HitNetwork<TransformerRegressor, RegressorBatch>;

export const regressorTask = (
  config: EncoderConfig,
  sets: RegressorSets,
): HitTask<TransformerRegressor, RegressorBatch> =>
  new HitTask(config, sets, regressorNetwork(config));

export function regressorNetwork(config: EncoderConfig): RegressorNetwork {
  const { compat, layout, max_nr_hits: maxHits } = config;
  const { outputs } = regressorData[config.data_type];
  // Without output projection, on sums of event losses, and without what does not fill a batch.
  const isPublishedFlash = config.attention === "flash" && compat;
  return {
    isFull: isPublishedFlash,
    model: () => encoderOf(config, outputs.length),
    batch(samples) {
      if (compat && !isPublishedFlash) return paddedBatch(samples, { maxHits });
      return layout === "padded" ? paddedBatch(samples) : packedBatch(samples);
    },
    loss: isPublishedFlash ? sumOfEventLosses : regressorLoss,
    async infer(model, { hits }) {
      const { data, numPoints, dim } = await regressHits(model, hits);
      const regressed = { dtype: "F32", shape: [numPoints, dim], data } as HostTensor;
      return { said: ["track_parameters", regressed], columns: outputs.join(" ") };
    },
    evaluate(model, sets, { set, settings }) {
      return evaluateRegressor(model, {
        events: sets[set],
        validation: sets.valset,
        names: outputs,
        settings: settingsIn(settings, regressorEvaluationSchema),
      });
    },
  };
}

/** The untrained encoder of a configuration, with so many results per hit. */
export function encoderOf(config: EncoderConfig, outputs: number): TransformerRegressor {
  return new TransformerRegressor({
    inputs: regressorData[config.data_type].inputs.length,
    outputs,
    numLayers: config.nr_enc_layers,
    width: config.embedding_size,
    numHeads: config.nr_heads,
    hiddenDim: config.hidden_dim,
    dropout: config.dropout,
    isHalf: isHalf(config),
    isUnprojected: config.attention === "flash" && config.compat,
    rng: new Rng(config.seed),
  });
}

/** As asked for; by default where attention is flash and the device can. */
function isHalf({ precision, attention }: EncoderConfig): boolean {
  if (precision) return precision === "f16";
  return attention === "flash" && currentDevice().backend.storesF16;
}
