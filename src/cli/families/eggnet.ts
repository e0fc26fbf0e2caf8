/** EggNet (arXiv:2407.13925) under the keys of its published program. */
import { join } from "node:path";
import {
  EggNet,
  type EggNetConfig,
  type EggNetTruth,
  eggnetInputs,
  eggnetLoss,
  eggnetOptions,
  eggnetSchedule,
  eggnetTruth,
  embedHits,
  hitColumn,
  pairWeights,
  randomPairs,
  tracksAt,
} from "../../../models/index.ts";
import type { Safetensors } from "../../engine/formats/safetensors.ts";
import {
  Adam,
  loadParameters,
  Rng,
  type Tensor,
  type TrainingPass,
  type TrainingResult,
  tensor,
  train,
} from "../../index.ts";
import { type Event, eggnetValidation } from "../../tracking/index.ts";
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
import { type EggNetSettings, eggnetSchema, evaluationSettings } from "./eggnetConfig.ts";
import { evaluateEggnet } from "./eggnetEvaluation.ts";
import { embedEvents, inferredEvent, readInferred, type TimedEmbedding } from "./eggnetInferred.ts";
import { type EggNetSets, eventsOfEpoch, readSets, signalHits } from "./eggnetSets.ts";

export const eggnet = family(
  ["eggnet", "EggNet"],
  eggnetSchema,
  async (config) => new EggNetTask(config, await readSets(config)),
);

/** What the validation of a training clusters with, as published. */
const validationEps = 0.1;

const kinds = {
  Contrastive: "contrastive",
  WeightedContrastive: "weightedContrastive",
  ObjectCondensation: "objectCondensation",
} as const;

/** An event on its way through the network. */
interface Batch {
  name: string;
  hits: Tensor;
  truth: EggNetTruth;
}

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
      loss: (m, batch, pass) => this.loss(m, batch, pass),
      nameOf: ({ name }) => name,
      validate: (m) => this.validate(m),
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
    const resolved = evaluationSettings(settings); // wrong ones fail before anything runs
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
    const resolved = evaluationSettings(settings);
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

  private *batches(epoch: number): Generator<Batch> {
    const { trainset } = this.sets;
    for (const event of eventsOfEpoch(trainset, this.config, epoch)) yield this.batchOf(event);
  }

  private batchOf(event: Event): Batch {
    const { weighting } = this.config;
    const names = (weighting?.conditional_weighting ?? []).flatMap(({ conditions }) =>
      Object.keys(conditions),
    );
    const columns = Object.fromEntries(names.map((name) => [name, hitColumn(event, name)]));
    const { trueWeight, fakeWeight } = pairWeights(weighting, columns, event.numHits);
    const truth = { ...eggnetTruth(event), trueWeight: tensor(trueWeight), fakeWeight };
    return { name: event.name, hits: eggnetInputs(event, this.features), truth };
  }

  private loss(model: EggNet, { hits, truth }: Batch, { rng }: TrainingPass): Tensor {
    const { config } = this;
    return eggnetLoss(model.forward(hits), truth, {
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
  }

  /** Mean over the validation set of the monitored rate. */
  private async validate(model: EggNet): Promise<number> {
    const { config } = this;
    const monitored = {
      val_eff: "efficiency",
      val_signal_eff: "signalEfficiency",
      val_dup: "duplicateRate",
      val_fak: "fakeRate",
    } as const;
    let sum = 0;
    for (const event of this.sets.valset) {
      const { embedding } = await embedHits(model, eggnetInputs(event, this.features));
      const rates = eggnetValidation({
        label: tracksAt(embedding, [validationEps])[0],
        particle: event.truth!.particleIndex,
        isTarget: signalHits(event, config),
      });
      const rate = rates[monitored[config.metric_to_monitor]];
      sum += Number.isNaN(rate) ? 0 : rate;
    }
    return sum / Math.max(1, this.sets.valset.length);
  }
}
