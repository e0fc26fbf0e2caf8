/** What a training is told, and what it tells. */
import type { Tensor } from "../engine/tensor.ts";
import type { TrainingStore } from "./checkpoint.ts";
import type { TrainingPass } from "./layers/layer.ts";
import type { Optimizer } from "./optim/optimizer.ts";
import type { Schedule } from "./schedules/schedule.ts";

export interface StepReport {
  /** From 0. */
  epoch: number;
  /** Steps done, this one included. */
  step: number;
  loss: number;
  learningRate: number;
}

export interface EpochReport {
  /** From 0. */
  epoch: number;
  /** Steps done. */
  step: number;
  /** Mean over the batches of the epoch. */
  trainLoss: number;
  /** What `validate` gave; the training loss without it. */
  metric: number;
  learningRate: number;
  isBest: boolean;
}

export interface TrainOptions<Model extends object, Batch> {
  model: Model;
  optimizer: Optimizer;
  /** The batches of an epoch; an epoch must have the same ones whenever it is asked for. */
  batches: (epoch: number) => Iterable<Batch> | AsyncIterable<Batch>;
  loss: (model: Model, batch: Batch, pass: TrainingPass) => Tensor;
  /** What errors call a batch, like the name of its event. */
  nameOf?: (batch: Batch) => string;
  /** Batches whose gradients are averaged for one step; default: 1. */
  accumulate?: number;
  /** At the latest after so many epochs, or steps. */
  epochs?: number;
  steps?: number;
  /** Default: the optimizer's own rate throughout. */
  schedule?: Schedule;
  /** What the schedule counts; default: epochs. */
  scheduleBy?: "epoch" | "step";
  /** Greatest norm of all gradients together. */
  clipNorm?: number;
  validate?: (model: Model) => Promise<number> | number;
  /** Which metric is better; default: min. */
  mode?: "min" | "max";
  /** Stop after so many epochs without a better metric. */
  patience?: number;
  seed?: number;
  /** Read the loss back every so many steps; more often makes the device wait. Default: 10. */
  reportEvery?: number;
  onStep?: (report: StepReport) => void;
  /** Called before the epoch is saved. */
  onEpoch?: (report: EpochReport) => void;
  /** Resumed from, and saved to after each epoch. */
  store?: TrainingStore;
  /** Save also every so many steps. */
  checkpointEvery?: number;
  /** When aborted: finish the step, save, return. */
  signal?: AbortSignal;
}

export interface TrainingResult {
  epochs: number;
  steps: number;
  metrics: readonly number[];
  best: number | null;
  /** Why it ended. */
  stopped: "epochs" | "steps" | "patience" | "signal";
}
