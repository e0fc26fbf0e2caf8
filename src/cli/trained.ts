/** What `infer` and `eval` start from: a configuration, and weights trained with it. */
import type { Command } from "commander";
import type { Safetensors } from "../engine/formats/safetensors.ts";
import { loadWeights } from "../node/weights.ts";
import {
  type CommonOptions,
  type PublishedOptions,
  UsageError,
  withCommonOptions,
  withPublishedOptions,
} from "./command.ts";
import { ConfigFile } from "./configFile.ts";
import { familyOf } from "./families/index.ts";
import { type DataSet, dataSets, type Task } from "./family.ts";
import { weightsIn } from "./weightsIn.ts";

export interface TrainedOptions extends CommonOptions, PublishedOptions {
  checkpoint: string;
  set: string[];
  dataset: DataSet[];
  output?: string;
}

/** Several values of one option. */
export const collect = (value: string, before: string[]): string[] => [...before, value];

export const withTrainedOptions = (command: Command): Command =>
  withCommonOptions(
    withPublishedOptions(command)
      .requiredOption("-c, --checkpoint <path>", "run directory (its best checkpoint) or weights")
      .option("--set <key=value>", "change an entry of the configuration", collect, [])
      .option("-d, --dataset <name>", "trainset, valset or testset; default: testset", addSet, []),
  );

function addSet(name: string, before: DataSet[]): DataSet[] {
  if (!dataSets.includes(name as DataSet))
    throw new UsageError(`--dataset: expected ${dataSets.join(", ")}, got ${name}`);
  return [...before, name as DataSet];
}

export interface Trained {
  task: Task;
  weights: Safetensors;
  sets: DataSet[];
}

export async function openTrained(configPath: string, options: TrainedOptions): Promise<Trained> {
  const file = await ConfigFile.read(configPath, options.set);
  const { open } = familyOf(file).configure(file);
  const weights = await loadWeights(weightsIn(options.checkpoint));
  const task = await open(weights.metadata);
  return { task, weights, sets: options.dataset.length > 0 ? options.dataset : ["testset"] };
}
