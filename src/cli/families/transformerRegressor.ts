/** The Transformer Regressor (arXiv:2407.07179) under the keys of its published program, and some of ours. */
import {
  batchesOf,
  epochRng,
  packedBatch,
  paddedBatch,
  type RegressorBatch,
  type RegressorSample,
  regressHits,
  regressorData,
  regressorLoss,
  sumOfEventLosses,
  TransformerRegressor,
} from "../../../models/index.ts";
import type { HostTensor } from "../../engine/formats/hostTensor.ts";
import type { Safetensors } from "../../engine/formats/safetensors.ts";
import {
  Adam,
  currentDevice,
  loadParameters,
  Rng,
  type TrainingResult,
  train,
} from "../../index.ts";
import type { ConfigFile } from "../configFile.ts";
import {
  type DataSet,
  type Evaluation,
  family,
  type InferredEvent,
  type Stored,
  type Task,
  type TrainingHooks,
} from "../family.ts";
import {
  type RegressorConfig,
  regressorEvaluationSchema,
  regressorSchema,
} from "./regressorConfig.ts";
import { evaluateParameters, evaluateRegressor } from "./regressorEvaluation.ts";
import { type RegressorSets, readSets } from "./regressorSets.ts";

export const transformerRegressor = family(
  ["transformer-regressor", "EncReg"],
  regressorSchema,
  async (config, stored) => new RegressorTask(config, await readSets(config, stored)),
);

export class RegressorTask implements Task {
  readonly name: string;
  readonly epochs: number;
  private readonly config: RegressorConfig;
  private readonly sets: RegressorSets;

  constructor(config: RegressorConfig, sets: RegressorSets) {
    this.name = config.model_name;
    this.epochs = config.nr_epochs;
    this.config = config;
    this.sets = sets;
  }

  get summary(): string {
    const { trainset, valset, testset } = this.sets;
    const all = [trainset, valset, testset];
    const hits = all.flat().reduce((sum, { truth }) => sum + truth.particle.length, 0);
    return `${all.map(({ length }) => length).join(" + ")} events to train, validate and test on, ${hits} hits`;
  }

  get stepsPerEpoch(): number {
    return Math.ceil([...this.parts(this.sets.trainset)].length / this.config.accumulate);
  }

  get metadata(): Stored & Record<string, string> {
    const { nr_heads: heads, data_type: dataType } = this.config;
    return { numHeads: `${heads}`, dataType, ...this.sets.stored };
  }

  async train(hooks: TrainingHooks, weights?: Safetensors): Promise<TrainingResult> {
    const { config } = this;
    const { trainset, valset } = this.sets;
    const model = this.model(weights);
    const loss = this.isPublishedFlash ? sumOfEventLosses : regressorLoss;
    return train({
      ...hooks,
      model,
      optimizer: new Adam(model, { learningRate: config.learning_rate }),
      batches: (epoch) => this.batches(trainset, epoch),
      loss: (m, batch, pass) => loss(m, batch, pass),
      validate: async (m) => {
        const losses: number[] = [];
        for (const batch of this.batches(valset)) losses.push(await loss(m, batch).item());
        return losses.reduce((sum, value) => sum + value, 0) / losses.length;
      },
      accumulate: config.accumulate,
      checkpointEvery: config.checkpoint_every,
      epochs: config.nr_epochs,
      patience: config.early_stop,
      seed: config.seed,
      ...(config.clip_norm !== undefined && { clipNorm: config.clip_norm }),
    });
  }

  numEvents(set: DataSet): number {
    return this.sets[set].length;
  }

  async *infer(weights: Safetensors, set: DataSet): AsyncGenerator<InferredEvent> {
    const model = this.model(weights);
    const columns = regressorData[this.config.data_type].outputs.join(" ");
    for (const sample of this.sets[set]) {
      const { data, numPoints, dim } = await regressHits(model, sample.hits);
      const regressed = { dtype: "F32", shape: [numPoints, dim], data } as HostTensor;
      const particle = Int32Array.from(sample.truth.particle);
      const truth = { dtype: "I32", shape: [particle.length], data: particle } as HostTensor;
      const tensors = new Map([
        ["track_parameters", regressed],
        ["particle", truth],
      ]);
      yield { event: sample.name, tensors, metadata: { columns } };
    }
  }

  evaluate(weights: Safetensors, set: DataSet, settings: ConfigFile | null): Promise<Evaluation> {
    if (this.config.model === "refiner")
      return evaluateParameters(
        this.model(weights),
        this.sets[set],
        regressorData[this.config.data_type].outputs,
      );
    const chosen = regressorEvaluationSchema;
    return evaluateRegressor(this.model(weights), {
      events: this.sets[set],
      validation: this.sets.valset,
      names: regressorData[this.config.data_type].outputs,
      settings: settings ? settings.resolve(chosen) : chosen.parse({}),
    });
  }

  model(weights?: Safetensors): TransformerRegressor {
    const { config } = this;
    const { inputs, outputs } = regressorData[config.data_type];
    const model = new TransformerRegressor({
      inputs: inputs.length,
      outputs: outputs.length,
      numLayers: config.nr_enc_layers,
      width: config.embedding_size,
      numHeads: config.nr_heads,
      hiddenDim: config.hidden_dim,
      dropout: config.dropout,
      isHalf: this.isHalf,
      isUnprojected: this.isPublishedFlash,
      rng: new Rng(config.seed),
    });
    if (weights) loadParameters(model, weights.tensors, "weights");
    return model;
  }

  /** As asked for; by default where attention is flash and the device can. */
  private get isHalf(): boolean {
    const { precision, attention } = this.config;
    if (precision) return precision === "f16";
    return attention === "flash" && currentDevice().backend.storesF16;
  }

  /** Without output projection, on sums of event losses, and without what does not fill a batch. */
  private get isPublishedFlash(): boolean {
    return this.config.attention === "flash" && this.config.compat;
  }

  private *batches(samples: readonly RegressorSample[], epoch?: number): Generator<RegressorBatch> {
    const { compat, layout, max_nr_hits: maxHits } = this.config;
    for (const part of this.parts(samples, epoch)) {
      if (compat && !this.isPublishedFlash) yield paddedBatch(part, { maxHits });
      else yield layout === "padded" ? paddedBatch(part) : packedBatch(part);
    }
  }

  private parts(samples: readonly RegressorSample[], epoch?: number): RegressorSample[][] {
    const { batch_size: size, seed, compat, layout } = this.config;
    if (compat) {
      const parts = batchesOf(samples, size);
      return this.isPublishedFlash ? parts.filter(({ length }) => length === size) : parts;
    }
    const rng = epoch === undefined ? {} : { rng: epochRng(seed, epoch) };
    return batchesOf(samples, size, { byLength: layout === "padded", ...rng });
  }
}
