/** EggNet (arXiv:2407.13925) under the keys of its published program. */
import { join } from "node:path";
import { EggNet, type EggNetConfig, eggnetOptions, eggnetSchedule } from "../../../models/index.ts";
import type { Safetensors } from "../../engine/formats/safetensors.ts";
import { Adam, loadParameters, Rng, type TrainingResult, train } from "../../index.ts";
import { settingsIn } from "../configFile.ts";
import {
  type DataSet,
  dataSets,
  type Evaluation,
  type EvaluationOptions,
  family,
  type InferredEvent,
  type Task,
  type TrainingHooks,
} from "../family.ts";
import { type EggNetSettings, eggnetSchema } from "./eggnetConfig.ts";
import { evaluateEggnet } from "./eggnetEvaluation.ts";
import { eggnetEvaluationSchema } from "./eggnetEvaluationConfig.ts";
import { embedEvents, inferredEvent, readInferred, type TimedEmbedding } from "./eggnetInferred.ts";
import { type EggNetSets, eventsOfEpoch, readSets } from "./eggnetSets.ts";
import { batchOf, type EggNetBatch, lossOf, validationRate } from "./eggnetTraining.ts";

export const eggnet = family(
  ["eggnet", "EggNet"],
  eggnetSchema,
  async (config) => new EggNetTask(config, await readSets(config)),
);

class EggNetTask implements Task {
  readonly name: string;
  readonly epochs: number;
  private readonly config: EggNetSettings;
  private readonly sets: EggNetSets;

  constructor(config: EggNetSettings, sets: EggNetSets) {
    this.name = config.model_name;
    this.epochs = config.max_epochs;
    this.config = config;
    this.sets = sets;
  }

  get summary(): string {
    const all = dataSets.map((set) => this.sets[set]);
    const hits = all.flat().reduce((sum, { numHits }) => sum + numHits, 0);
    const { length: numDropped } = this.sets.dropped;
    const dropped = numDropped > 0 ? `; ${numDropped} dropped by the cuts` : "";
    return `${all.map(({ length }) => length).join(" + ")} events to train, validate and test on, ${hits} hits${dropped}`;
  }

  get stepsPerEpoch(): number {
    return this.sets.trainset.length;
  }

  get metadata(): Record<string, string> {
    const { node_features: features, node_scales: scales } = this.config;
    return { node_features: features.join(" "), node_scales: scales.join(" ") };
  }

  numEvents(set: DataSet): number {
    return this.sets[set].length;
  }

  async train(hooks: TrainingHooks, weights?: Safetensors): Promise<TrainingResult> {
    const { config } = this;
    const model = this.model(weights);
    const { lr, lr_weight_decay: weightDecay } = config;
    return train({
      ...hooks,
      model,
      optimizer: new Adam(model, { learningRate: lr, weightDecay, amsgrad: true }),
      schedule: eggnetSchedule(config),
      batches: (epoch) => this.batches(epoch),
      loss: (m, batch, { rng }) => lossOf(m, batch, config, rng),
      nameOf: ({ name }) => name,
      validate: (m) => validationRate(m, this.sets.valset, config, this.features),
      mode: config.metric_mode,
      epochs: config.max_epochs,
      seed: config.seed,
      checkpointEvery: config.checkpoint_every,
    });
  }

  async *infer(weights: Safetensors, set: DataSet): AsyncGenerator<InferredEvent> {
    for await (const embedded of embedEvents(this.model(weights), this.sets[set], this.features))
      yield inferredEvent(embedded, this.metadata);
  }

  async evaluate(
    weights: Safetensors,
    set: DataSet,
    { settings, threads }: EvaluationOptions,
  ): Promise<Evaluation> {
    const resolved = settingsIn(settings, eggnetEvaluationSchema); // wrong ones fail before anything runs
    const embedded: TimedEmbedding[] = [];
    for await (const event of embedEvents(this.model(weights), this.sets[set], this.features))
      embedded.push(event);
    return evaluateEggnet(embedded, resolved, threads);
  }

  async evaluateInferred(
    folder: string,
    set: DataSet,
    { settings, threads }: EvaluationOptions,
  ): Promise<Evaluation> {
    const resolved = settingsIn(settings, eggnetEvaluationSchema);
    const read = this.sets[set].map((event) => readInferred(join(folder, set), event));
    return evaluateEggnet(await Promise.all(read), resolved, threads);
  }

  private get features() {
    const { node_features: names, node_scales: scales } = this.config;
    return { names, scales, detectors: this.sets.detectors };
  }

  private model(weights?: Safetensors): EggNet {
    const options = eggnetOptions(this.config as EggNetConfig);
    const model = new EggNet({ ...options, rng: new Rng(this.config.seed) });
    if (weights) loadParameters(model, weights.tensors, "weights");
    return model;
  }

  private *batches(epoch: number): Generator<EggNetBatch> {
    for (const event of eventsOfEpoch(this.sets.trainset, this.config, epoch))
      yield batchOf(event, this.config, this.features);
  }
}
