import { existsSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { stringify } from "yaml";
import { FormatError } from "../engine/errors.ts";
import type { Safetensors } from "../engine/formats/safetensors.ts";
import type { EpochReport, TrainingResult } from "../index.ts";
import { RunDirectory, stopOnSignals } from "../node/runDirectory.ts";
import { loadWeights, type WeightType } from "../node/weights.ts";
import {
  type CommonOptions,
  type PublishedOptions,
  print,
  resolved,
  say,
  UsageError,
  type Verb,
  withCommonOptions,
  withDevice,
  withPublishedOptions,
} from "./command.ts";
import { ConfigFile } from "./configFile.ts";
import { familyOf } from "./families/index.ts";
import type { Task } from "./family.ts";
import { folderToWrite } from "./outputs.ts";
import { collect } from "./trained.ts";
import { trainingProgress } from "./trainingProgress.ts";
import { weightsIn } from "./weightsIn.ts";

interface Options extends CommonOptions, PublishedOptions {
  checkpoint?: string;
  checkpoint_resume_dir?: string;
  load_only_model_parameters?: boolean;
  set: string[];
  output?: string;
  weights?: WeightType;
}

export const train: Verb = (program) => {
  const command = program
    .command("train <config.yaml>")
    .description("any model family; writes a run directory, and goes on where one was stopped")
    .option("-c, --checkpoint <path>", "go on from a run directory, or start from these weights")
    .option("--checkpoint_resume_dir <dir>", "go on from this run directory")
    .option(
      "--load_only_model_parameters",
      "of -c, its parameters only, for a training from step 0",
    )
    .option("--set <key=value>", "change an entry of the configuration", collect, [])
    .option("-o, --output <dir>", "run directory; default: runs/<name>", folderToWrite("-o"))
    .option("--weights <dtype>", "also save the best model alone, as f32 or f16", weightType);
  withCommonOptions(withPublishedOptions(command)).action(run);
};

function weightType(name: string): WeightType {
  if (name === "f32" || name === "f16") return name;
  throw new UsageError(`--weights: expected f32 or f16, got ${name}`);
}

async function run(configPath: string, given: Options): Promise<void> {
  const options = resolved(given);
  const file = await ConfigFile.read(configPath, options.set);
  const { config, open } = familyOf(file).configure(file);
  const start = await startingPoint(options);
  const task = await open(start.weights?.metadata ?? {});
  const path = options.output ?? start.run ?? join("runs", task.name);
  expectFree(path, start.run);
  const directory = new RunDirectory(path, {
    config: stringify(config),
    metadata: task.metadata,
  });
  say(options, task.summary);
  using signal = stopOnSignals();
  const result = await withDevice(options, () =>
    runTask(task, { directory, signal, weights: start.run ? undefined : start.weights }, options),
  );
  directory.close();
  if (result.stopped === "signal")
    throw new Error(
      `stopped after step ${result.steps} of ${task.epochs * task.stepsPerEpoch}; go on with: trackgrad train ${configPath} -c ${path}`,
    );
  const { epochs, steps, best, stopped } = result;
  const weights = options.weights && (await directory.saveWeights(options.weights));
  print(
    options,
    { run: path, ...result, ...(weights && { weights }) },
    () =>
      `${path}: ${epochs} epochs, ${steps} steps, best ${best?.toPrecision(4)} (ended by ${stopped})`,
  );
}

interface Running {
  directory: RunDirectory;
  signal: AbortSignal;
  weights: Safetensors | undefined;
}

async function runTask(
  task: Task,
  { directory, signal, weights }: Running,
  options: Options,
): Promise<TrainingResult> {
  const shown = trainingProgress(options, task);
  const onEpoch = (report: EpochReport) => {
    const { epoch, step, trainLoss, metric, learningRate } = report;
    directory.log({ step, epoch, train_loss: trainLoss, val_loss: metric, lr: learningRate });
    shown.epoch(report);
  };
  try {
    return await task.train(
      {
        store: directory,
        signal,
        onStep: (report) => {
          directory.log({ step: report.step, loss: report.loss });
          shown.step(report);
        },
        onEpoch,
      },
      weights,
    );
  } finally {
    shown.stop();
  }
}

interface StartingPoint {
  /** Run directory to go on with. */
  run?: string;
  /** What `-c` names, or the last checkpoint of that run, if it has one yet. */
  weights?: Safetensors;
}

async function startingPoint(options: Options): Promise<StartingPoint> {
  const {
    checkpoint,
    checkpoint_resume_dir: resumed,
    load_only_model_parameters: isOnly,
  } = options;
  const path = resumed ?? checkpoint;
  if (isOnly) {
    if (path === undefined)
      throw new UsageError("--load_only_model_parameters: expected -c beside it, got none");
    return { weights: await loadWeights(weightsIn(path)) };
  }
  if (path === undefined) return {};
  if (!existsSync(path))
    throw new UsageError(`-c: expected a run directory or weights, got ${path} (no such file)`);
  if (!statSync(path).isDirectory()) {
    const run = runOf(path);
    return { weights: await loadWeights(path), ...(run !== undefined && { run }) };
  }
  const last = join(path, "checkpoints", "last.safetensors");
  return { run: path, ...(existsSync(last) && { weights: await loadWeights(last) }) };
}

/** The run directory whose last checkpoint this is. */
function runOf(path: string): string | undefined {
  const run = resolve(path, "../..");
  return resolve(path) === join(run, "checkpoints", "last.safetensors") ? run : undefined;
}

/** A run that is not named by `-c` is not written over. */
function expectFree(path: string, run: string | undefined): void {
  if (run !== undefined && resolve(run) === resolve(path)) return;
  if (existsSync(join(path, "checkpoints", "last.safetensors")))
    throw new FormatError(
      `${path}: expected no training there yet, got one (go on with -c ${path}, or choose another -o)`,
    );
}
