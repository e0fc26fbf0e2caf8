/**
 * What a model family tells `train`, `infer` and `eval`: its keys in a configuration, and what to do with
 * them. One file per family in `families/`, registered by its line in `families/index.ts`.
 */
import type { z } from "zod";
import type { HostTensor } from "../engine/formats/hostTensor.ts";
import type { Safetensors } from "../engine/formats/safetensors.ts";
import type { TrainingResult, TrainOptions } from "../index.ts";
import type { SearchThreads } from "../tracking/index.ts";
import type { ConfigFile } from "./configFile.ts";
import type { ReportSection } from "./report.ts";

export interface Family {
  /** What `model:` may say; the first is ours, others are those of the original's configurations. */
  readonly names: readonly string[];
  /** Checks a configuration; throws `UsageError` for what is wrong with it. */
  configure(file: ConfigFile): Configured;
}

export interface Configured {
  /** With defaults; can be read again as a configuration. */
  readonly config: object;
  /**
   * Reads the data; no device is open yet. `stored` is what was saved with the weights that the command
   * starts from: scales of the data they were trained on, for example.
   */
  open(stored: Stored): Promise<Task>;
}

/** A family from its keys and what to do with them. */
export const family = <Config extends object>(
  names: readonly string[],
  schema: z.ZodType<Config>,
  open: (config: Config, stored: Stored) => Promise<Task>,
): Family => ({
  names,
  configure(file) {
    const config = file.resolve(schema);
    return { config, open: (stored) => open(config, stored) };
  },
});

/** Metadata of a file of weights. */
export type Stored = Readonly<Record<string, string>>;

export const dataSets = ["trainset", "valset", "testset"] as const;
export type DataSet = (typeof dataSets)[number];

/** A configuration with its data, to be put to work on the current device. */
export interface Task {
  /** Folder name of a run, unless the user gives one. */
  readonly name: string;
  /** What was read, in a line. */
  readonly summary: string;
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  /** Stored with the weights, and given to `open` when they are used. */
  readonly metadata: Record<string, string>;
  /** `weights` are where the training starts from, if not from random ones. */
  train(hooks: TrainingHooks, weights?: Safetensors): Promise<TrainingResult>;
  /** What the trained model says of each event of a set, one by one. */
  infer(weights: Safetensors, set: DataSet): AsyncIterable<InferredEvent>;
  numEvents(set: DataSet): number;
  evaluate(weights: Safetensors, set: DataSet, how: EvaluationOptions): Promise<Evaluation>;
  /** The same of what `infer` wrote into a folder, where families can. */
  evaluateInferred?(folder: string, set: DataSet, how: EvaluationOptions): Promise<Evaluation>;
}

export interface EvaluationOptions {
  /** What a file of settings for evaluation says. */
  readonly settings: ConfigFile | null;
  /** Who clusters large events. */
  readonly threads: SearchThreads | undefined;
}

export interface InferredEvent {
  readonly event: string;
  readonly tensors: ReadonlyMap<string, HostTensor>;
  /** Of the tensors, in words. */
  readonly metadata: Record<string, string>;
}

export interface Evaluation {
  /** For `--json` and `evaluation.json`. */
  readonly document: object;
  /** The same for people. */
  readonly text: string;
  /** Plots and tables of the report. */
  readonly sections?: readonly ReportSection[];
}

/** What the command adds to a family's training. */
export type TrainingHooks = Pick<
  TrainOptions<object, unknown>,
  "store" | "signal" | "steps" | "onStep" | "onEpoch" | "reportEvery" | "schedule" | "scheduleBy"
>;
