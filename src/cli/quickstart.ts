/**
 * The whole job with nothing but the package: simulate events, train a small Transformer Regressor for
 * about a minute, regress, cluster, score beside two baselines.
 */
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { saveEvent } from "../node/events.ts";
import { writeAtomic } from "../node/files.ts";
import { RunDirectory } from "../node/runDirectory.ts";
import { loadWeights } from "../node/weights.ts";
import {
  displayOf,
  type Event,
  simulator,
  splitMix,
  submissionFromTracks,
  writeSubmission,
} from "../tracking/index.ts";
import {
  type CommonOptions,
  print,
  say,
  UsageError,
  type Verb,
  wholeNumber,
  withCommonOptions,
  withDevice,
} from "./command.ts";
import { regressorSchema } from "./families/regressorConfig.ts";
import { parameterSection } from "./families/regressorSections.ts";
import { setsOf } from "./families/regressorSets.ts";
import { regressorTask } from "./families/transformerRegressor.ts";
import { progress } from "./progress.ts";
import { type Compared, compare, comparedTable } from "./quickstartScores.ts";
import { reportPage } from "./report.ts";
import { runReport } from "./runReport.ts";
import { type Budget, trainFor } from "./trainFor.ts";

interface Options extends CommonOptions {
  seconds: number;
  steps?: number;
  events: number;
  output: string;
}

export const quickstart: Verb = (program) => {
  const command = program
    .command("quickstart")
    .description(
      "simulates events, trains on them for a minute, finds their tracks and scores them",
    )
    .option("--seconds <n>", "time to train", wholeNumber("--seconds", 1), 60)
    .option("--steps <n>", "time to train, in steps instead", wholeNumber("--steps", 1))
    .option("--events <n>", "events to simulate", wholeNumber("--events", 20), 400)
    .option("-o, --output <dir>", "run directory", "runs/quickstart");
  withCommonOptions(command).action(run);
};

const [fewest, most] = [3, 20]; // tracks in an event

async function run(options: Options): Promise<void> {
  const { output: path } = options;
  const folder = emptied(path);
  const events = simulated(options);
  const config = regressorSchema.parse({ ...small, data_path: folder });
  const sets = setsOf(events, config);
  const eventOf = (name: string) => events.find((event) => event.name === name) as Event;
  const kept = sets.testset.map(({ name }) => eventOf(name));
  for (const event of kept) saveEvent(folder, event);

  const task = regressorTask(config, sets);
  const { metadata } = task;
  const directory = new RunDirectory(path, { config: stringify(config), metadata });
  const { rows, tracks, regressed } = await withDevice(options, async () => {
    const budget = budgetOf(options);
    say(options, `${task.summary}; ${budget.total} ${budget.unit} of training`);
    await trainFor(budget, task, directory, { ...options, peak: config.learning_rate });
    directory.close();
    const weights = await loadWeights(directory.checkpointPath("last"));
    const models = { "untrained weights": task.model(), "the trained model": task.model(weights) };
    return compare(sets, models, eventOf);
  });
  const [shown] = kept;
  const { subtitle = "", sections } = await runReport(path);
  const display = displayOf(shown, { tracks });
  const page = await reportPage({
    title: "trackgrad quickstart",
    subtitle,
    sections: [
      { heading: "Scores", source: comparedTable(rows) },
      { heading: `Tracks found in ${shown.name}`, display },
      parameterSection(regressed),
      ...sections,
    ],
  });
  writeAtomic(join(path, "report.html"), page);
  const submission = submissionFromTracks(tracks, shown.hits.hitId);
  writeAtomic(join(path, `${shown.name}-tracks.csv`), writeSubmission(submission));
  print(options, { run: path, rows }, () => textOf(rows, path, shown.name));
}

const budgetOf = ({ seconds, steps }: Options): Budget =>
  steps === undefined ? { unit: "seconds", total: seconds } : { unit: "steps", total: steps };

/** Sizes that a processor trains in a minute. */
const small = {
  nr_enc_layers: 2,
  hidden_dim: 64,
  dropout: 0,
  batch_size: 8,
  learning_rate: 4e-3,
  clip_norm: 1,
  layout: "padded",
  split: [0.8, 0.1, 0.1],
};

/** The folder for events in a run directory from which an earlier quickstart was cleared. */
function emptied(path: string): string {
  const folder = join(path, "events");
  if (existsSync(path) && !existsSync(folder))
    throw new UsageError(
      `-o: expected an empty folder, or that of another quickstart, got ${path}`,
    );
  for (const name of ["checkpoints", "metrics.jsonl", "events"])
    rmSync(join(path, name), { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** Charged particles from one collision, on helices through the TrackML detector; no noise, no secondaries. */
function simulated(options: Options): Event[] {
  const { seed, events: count } = options;
  const rng = splitMix(seed);
  const bar = progress(options, "simulated events", count);
  const plain = { pileup: 1, noise: 0, secondaries: false, decays: false, minPt: 0.5, maxEta: 2.5 };
  const events = Array.from({ length: count }, (_, e) => {
    const particles = fewest + Math.floor(rng() * (most - fewest + 1));
    bar.step();
    return simulator({ seed, particles, ...plain })(e + 1);
  });
  bar.stop();
  return events.filter(({ numHits }) => numHits > 1);
}

function textOf(rows: readonly Compared[], path: string, event: string): string {
  const [before, after] = rows.filter(({ mse }) => mse !== null).map(({ mse }) => mse as number);
  return `${comparedTable(rows)}

mean squared error of the track parameters: ${before.toPrecision(3)} untrained, ${after.toPrecision(3)} trained
${path}/report.html has plots, and the tracks found in ${event}; it opens offline

Next:
  npx trackgrad eval ${path}/config.yaml -c ${path}/checkpoints/last.safetensors --set "split=[0, 0.5, 0.5]"
  npx trackgrad simulate --events 50 --particles 40 -o ${path}/more
  npx trackgrad train ${path}/config.yaml --set data_path=${path}/more --set nr_epochs=20 -c ${path}/checkpoints/last.safetensors -o ${path}-more`;
}
