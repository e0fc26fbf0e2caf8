import { mkdirSync } from "node:fs";
import { basename, join } from "node:path";
import {
  publishedRegressors,
  reconstructTracks,
  regressorData,
  regressorFrom,
} from "../../models/index.ts";
import { FormatError } from "../engine/errors.ts";
import type { Safetensors } from "../engine/formats/safetensors.ts";
import { readAnyEvent } from "../node/events.ts";
import { writeAtomic } from "../node/files.ts";
import { loadWeights } from "../node/weights.ts";
import {
  type Event,
  type Standardisation,
  splitMix,
  subEvents,
  submissionFromTracks,
  type Tracks,
  trackmlStandardisation,
  writeSubmission,
} from "../tracking/index.ts";
import { withClusteringThreads } from "./clusteringThreads.ts";
import { type ClusterOptions, clusterSettings, withClusterOptions } from "./clusterOptions.ts";
import {
  type CommonOptions,
  numberList,
  print,
  range,
  say,
  UsageError,
  type Verb,
  wholeNumber,
  withCommonOptions,
  withDevice,
} from "./command.ts";
import { expectTogether, fileToWrite, folderToWrite } from "./outputs.ts";
import { progress } from "./progress.ts";
import { writeReport } from "./report.ts";
import { meanOf, reportOf, scoreTable } from "./scores.ts";
import { tracksReport } from "./tracksReport.ts";

interface Options extends CommonOptions, ClusterOptions {
  model: string;
  weights: string;
  heads?: number;
  output?: string;
  report?: string;
  svg?: string;
  subset?: readonly [min: number, max: number];
  subsets: number;
  compat?: boolean;
  mean?: number[];
  std?: number[];
  batchSize: number;
}

export const reconstruct: Verb = (program) => {
  const command = program
    .command("reconstruct <event...>")
    .description("hits in, tracks out: submission CSV, and scores where truth is there")
    .requiredOption("--model <name>", "transformer-regressor")
    .requiredOption("--weights <file>", "safetensors or PyTorch checkpoint")
    .option(
      "--heads <n>",
      "attention heads; known for published weights",
      wholeNumber("--heads", 1),
    )
    .option("-o, --output <dir>", "writes <event>-tracks.csv there", folderToWrite("-o"))
    .option(
      "--report <file>",
      "writes scores, rates and an event display as one HTML file",
      fileToWrite("--report"),
    )
    .option(
      "--svg <dir>",
      "with --report: also writes each plot as an SVG file there",
      folderToWrite("--svg"),
    )
    .option(
      "--subset <min:max>",
      "cut events into sub-events of that many random particles",
      range("--subset"),
    )
    .option("--subsets <n>", "sub-events per event", wholeNumber("--subsets", 1), 40)
    .option("--compat", "sub-events and scores exactly as published (nested prefix draw)")
    .option("--mean <x,y,z>", "subtracted from coordinates, mm", numberList("--mean", 3))
    .option("--std <x,y,z>", "divides coordinates, mm", numberList("--std", 3))
    .option("--batch-size <n>", "events per forward pass", wholeNumber("--batch-size", 1), 8);
  withClusterOptions(command);
  withCommonOptions(command).action(run);
};

async function run(prefixes: string[], options: Options): Promise<void> {
  if (options.model !== "transformer-regressor")
    throw new UsageError(`--model: expected transformer-regressor, got ${options.model}`);
  expectTogether(options, [["svg", "report"]]);
  const weights = await loadWeights(options.weights);
  const published = publishedRegressors[basename(options.weights)];
  const numHeads = options.heads ?? (Number(weights.metadata.numHeads) || published?.numHeads);
  if (!numHeads)
    throw new UsageError(
      `--heads: expected the number of attention heads, got none (it is not stored in ${options.weights})`,
    );
  const model = regressorFrom(weights.tensors, { numHeads, source: options.weights });
  expectTrackml(model.inputLayer.weight.shape[1], model.decoder.weight.shape[0], options.weights);

  const standardisation = standardisationFor(weights, options);

  const events = await readEvents(prefixes, options);
  const twice = events.find(({ name }, e) => events.findIndex((other) => other.name === name) < e);
  if (twice)
    throw new UsageError(
      `reconstruct: expected events of different names, got ${twice.name} twice`,
    );
  if (options.report !== undefined && !events.every(({ truth }) => truth))
    throw new UsageError("--report: expected truth beside the hits of every event, got none");
  const hits = events.reduce((sum, event) => sum + event.numHits, 0);
  const { minClusterSize, minSamples } = published ?? publishedRegressors["10to50_tml_best"];
  const clustering = { minClusterSize, minSamples, ...clusterSettings(options) };
  const tracks = await withDevice(options, async () => {
    say(
      options,
      `${events.length} events, ${hits} hits; ${model.numParameters} weights of ${basename(options.weights)}`,
    );
    const bar = progress(options, "events", events.length);
    try {
      return await withClusteringThreads(options, (threads) =>
        reconstructTracks(model, events, {
          ...{ clustering, threads, standardisation, onEvent: bar.step },
          batchSize: options.batchSize,
        }),
      );
    } finally {
      bar.stop();
    }
  });
  if (options.output !== undefined) write(options.output, events, tracks, options);
  if (options.report !== undefined) {
    const found = events.map((event, e) => ({ event, tracks: tracks[e] }));
    await writeReport(options.report, tracksReport(`Tracks by ${options.model}`, found), options);
  }
  const reports = events.map((event, e) =>
    reportOf(event, tracks[e], { compat: options.compat ?? false }),
  );
  print(options, { events: reports, mean: meanOf(reports) }, () => scoreTable(reports));
}

async function readEvents(prefixes: readonly string[], options: Options): Promise<Event[]> {
  const events: Event[] = [];
  for (const prefix of prefixes) {
    const event = await readAnyEvent(prefix);
    if (!options.subset) {
      events.push(event);
      continue;
    }
    if (!event.truth || !event.particles)
      throw new UsageError(
        `--subset: expected particles and truth beside ${prefix}-hits.csv, got ${event}`,
      );
    const [min, max] = options.subset;
    const { subsets: count, compat = false, seed } = options;
    const drawn = subEvents(event, { min, max, count, compat, rng: splitMix(seed) });
    events.push(...drawn.filter(({ numHits }) => numHits > 0));
  }
  return events;
}

/** What the weights carry, unless an option says otherwise; else what suits the published ones. */
function standardisationFor({ metadata }: Safetensors, { mean, std }: Options): Standardisation {
  const stored = (key: string) => {
    const text = metadata[key]; // like [0,0,0]
    return text && numberList(key, 3)(text.replace(/^\[(.*)\]$/, "$1"));
  };
  return {
    mean: mean ?? (stored("standardisation.mean") || trackmlStandardisation.mean),
    std: std ?? (stored("standardisation.std") || trackmlStandardisation.std),
  };
}

function expectTrackml(inputs: number, outputs: number, file: string): void {
  const wanted = [regressorData.trackml.inputs.length, regressorData.trackml.outputs.length];
  if (inputs !== wanted[0] || outputs !== wanted[1])
    throw new FormatError(
      `${file}: expected weights for TrackML hits (${wanted[0]} inputs, ${wanted[1]} outputs), got ${inputs} inputs, ${outputs} outputs`,
    );
}

function write(
  folder: string,
  events: readonly Event[],
  tracks: readonly Tracks[],
  options: Options,
): void {
  mkdirSync(folder, { recursive: true });
  for (const [e, event] of events.entries()) {
    const rows = submissionFromTracks(tracks[e], event.hits.hitId);
    writeAtomic(join(folder, `${event.name}-tracks.csv`), writeSubmission(rows));
  }
  say(options, `${events.length} files in ${folder}`);
}
