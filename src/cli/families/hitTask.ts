/** Networks that say something of each hit, as tasks: what the Transformer Regressor and its siblings share. */
import { batchesOf, epochRng, type RegressorSample } from "../../../models/index.ts";
import type { HostTensor } from "../../engine/formats/hostTensor.ts";
import type { Safetensors } from "../../engine/formats/safetensors.ts";
import {
  Adam,
  loadParameters,
  type Schedule,
  type Tensor,
  type TrainingPass,
  type TrainingResult,
  train,
} from "../../index.ts";
import type { ConfigFile } from "../configFile.ts";
import type {
  DataSet,
  Evaluation,
  EvaluationOptions,
  InferredEvent,
  Stored,
  Task,
  TrainingHooks,
} from "../family.ts";
import type { HitConfig } from "./regressorConfig.ts";
import type { RegressorSets } from "./regressorSets.ts";

/** What one family does differently. */
export interface HitNetwork<Model extends object, Batch extends object> {
  /** Before training. */
  model(): Model;
  batch(samples: readonly RegressorSample[]): Batch;
  loss(model: Model, batch: Batch, pass?: TrainingPass): Tensor;
  /** By epoch; default: `learning_rate` throughout. */
  readonly schedule?: Schedule;
  /** A batch that is not full is left out. */
  readonly isFull?: boolean;
  /** What the model says of an event, and what its columns mean. */
  infer(model: Model, sample: RegressorSample): Promise<{ said: HitTensor; columns: string }>;
  evaluate(
    model: Model,
    sets: RegressorSets,
    on: { set: DataSet; settings: ConfigFile | null },
  ): Promise<Evaluation>;
}

/** A tensor with a row per hit, and its name. */
export type HitTensor = readonly [name: string, tensor: HostTensor];

export class HitTask<Model extends object, Batch extends object> implements Task {
  readonly name: string;
  readonly epochs: number;
  private readonly config: HitConfig;
  private readonly sets: RegressorSets;
  private readonly network: HitNetwork<Model, Batch>;
  /** Of the events in each batch. */
  private readonly names = new WeakMap<Batch, string>();

  constructor(config: HitConfig, sets: RegressorSets, network: HitNetwork<Model, Batch>) {
    this.name = config.model_name;
    this.epochs = config.nr_epochs;
    this.config = config;
    this.sets = sets;
    this.network = network;
  }

  get summary(): string {
    const { trainset, valset, testset } = this.sets;
    const all = [trainset, valset, testset];
    const hits = all.flat().reduce((sum, { truth }) => sum + truth.particle.length, 0);
    return `${all.map(({ length }) => length).join(" + ")} events to train, validate and test on, ${hits} hits`;
  }

  get stepsPerEpoch(): number {
    return Math.ceil(this.parts(this.sets.trainset).length / this.config.accumulate);
  }

  get metadata(): Stored & Record<string, string> {
    const { nr_heads: heads, data_type: dataType } = this.config;
    return { numHeads: `${heads}`, dataType, ...this.sets.stored };
  }

  async train(hooks: TrainingHooks, weights?: Safetensors): Promise<TrainingResult> {
    const { config, network } = this;
    const { trainset, valset } = this.sets;
    const model = this.model(weights);
    return train<Model, Batch>({
      ...(network.schedule && { schedule: network.schedule }),
      ...hooks,
      model,
      optimizer: new Adam(model, { learningRate: config.learning_rate }),
      batches: (epoch) => this.batches(trainset, epoch),
      loss: (m, batch, pass) => network.loss(m, batch, pass),
      nameOf: (batch) => this.names.get(batch) as string,
      validate: async (m) => {
        const losses: number[] = [];
        for (const batch of this.batches(valset)) losses.push(await network.loss(m, batch).item());
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
    for (const sample of this.sets[set]) {
      const { said, columns } = await this.network.infer(model, sample);
      const particle = Int32Array.from(sample.truth.particle);
      const truth = { dtype: "I32", shape: [particle.length], data: particle } as HostTensor;
      const tensors = new Map([said, ["particle", truth]]);
      yield { event: sample.name, tensors, metadata: { columns } };
    }
  }

  evaluate(
    weights: Safetensors,
    set: DataSet,
    { settings }: EvaluationOptions,
  ): Promise<Evaluation> {
    return this.network.evaluate(this.model(weights), this.sets, { set, settings });
  }

  model(weights?: Safetensors): Model {
    const model = this.network.model();
    if (weights) loadParameters(model, weights.tensors, "weights");
    return model;
  }

  private *batches(samples: readonly RegressorSample[], epoch?: number): Generator<Batch> {
    for (const part of this.parts(samples, epoch)) {
      const batch = this.network.batch(part);
      this.names.set(batch, part.map(({ name }) => name).join(", "));
      yield batch;
    }
  }

  private parts(samples: readonly RegressorSample[], epoch?: number): RegressorSample[][] {
    const { batch_size: size, seed, compat, layout } = this.config;
    const isShuffled = epoch !== undefined && !compat;
    const byLength = layout === "padded" && !compat;
    const rng = isShuffled ? { rng: epochRng(seed, epoch) } : {};
    const parts = batchesOf(samples, size, { byLength, ...rng });
    return this.network.isFull ? parts.filter(({ length }) => length === size) : parts;
  }
}
