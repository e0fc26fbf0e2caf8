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

export interface TaskOptions extends CommonOptions, PublishedOptions {
  set: string[];
  dataset: DataSet[];
  output?: string;
}

export interface TrainedOptions extends TaskOptions {
  checkpoint: string;
}

/** Several values of one option. */
export const collect = (value: string, before: string[]): string[] => [...before, value];

export const checkpointOption = [
  "-c, --checkpoint <path>",
  "run directory (its best checkpoint) or weights",
] as const;

export const withTaskOptions = (command: Command): Command =>
  withCommonOptions(
    withPublishedOptions(command)
      .option("--set <key=value>", "change an entry of the configuration", collect, [])
      .option("-d, --dataset <name>", "trainset, valset or testset; default: testset", addSet, []),
  );

function addSet(name: string, before: DataSet[]): DataSet[] {
  if (!dataSets.includes(name as DataSet))
    throw new UsageError(`--dataset: expected ${dataSets.join(", ")}, got ${name}`);
  return [...before, name as DataSet];
}

/** A configuration with its data, and the sets that are asked for. */
export interface Opened {
  task: Task;
  sets: DataSet[];
}

export async function openTrained(
  configPath: string,
  options: TrainedOptions,
): Promise<Opened & { weights: Safetensors }> {
  const open = await configured(configPath, options);
  const weights = await loadWeights(weightsIn(options.checkpoint));
  return { task: await open(weights.metadata), weights, sets: setsIn(options) };
}

/** Without weights, where what they say is there already. */
export async function openUntrained(configPath: string, options: TaskOptions): Promise<Opened> {
  const open = await configured(configPath, options);
  return { task: await open({}), sets: setsIn(options) };
}

async function configured(configPath: string, options: TaskOptions) {
  const file = await ConfigFile.read(configPath, options.set);
  return familyOf(file).configure(file).open;
}

const setsIn = ({ dataset }: TaskOptions): DataSet[] =>
  dataset.length > 0 ? dataset : ["testset"];
