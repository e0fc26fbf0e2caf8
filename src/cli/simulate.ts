import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { readAnyEvent, saveEvent } from "../node/events.ts";
import { filePieces, writeAtomic } from "../node/files.ts";
import {
  type Event,
  readDetectors,
  type SimulationOptions,
  simulator,
  summarizeEvent,
  trackmlDetector,
  writeDetectors,
  writeEventFile,
} from "../tracking/index.ts";
import {
  type CommonOptions,
  distance,
  print,
  range,
  say,
  UsageError,
  type Verb,
  wholeNumber,
  withCommonOptions,
} from "./command.ts";
import { comparisonReport } from "./comparisonReport.ts";
import { comparisonTable } from "./eventTable.ts";
import { expectTogether, fileToWrite, folderToWrite } from "./outputs.ts";
import { progress } from "./progress.ts";
import { writeReport } from "./report.ts";
import { simulateSet } from "./simulateSet.ts";
import { table } from "./table.ts";

interface Options
  extends CommonOptions,
    Pick<SimulationOptions, "pileup" | "particles" | "noise" | "efficiency" | "field" | "minPt"> {
  events: number;
  first: number;
  output?: string;
  gzip?: boolean;
  processed?: boolean;
  layout: string;
  tracks?: [min: number, max: number];
  detectors?: string;
  compare?: string;
  report?: string;
  svg?: string;
}

export const simulate: Verb = (program) => {
  const command = program
    .command("simulate")
    .description("events in TrackML layout: hits, cells, particles, truth, and the detector")
    .option("--layout <name>", "trackml, or redvid-linear or redvid-curved: one CSV", "trackml")
    .option("--tracks <min:max>", "redvid: tracks in an event; 10:50", range("--tracks"))
    .option("--events <n>", "how many", wholeNumber("--events", 1), 1)
    .option("--first <n>", "number of the first", wholeNumber("--first", 0), 1)
    .option("--pileup <n>", "collisions in an event; 200", wholeNumber("--pileup", 1))
    .option("--particles <n>", "exactly so many from the collisions", wholeNumber("--particles", 0))
    .option("--noise <share>", "of all hits; 0.15", distance("--noise"))
    .option("--efficiency <share>", "of each module passed; 0.98", distance("--efficiency"))
    .option("--field <tesla>", "along the beam; 2", distance("--field"))
    .option("--min-pt <gev>", "of the particles followed; 0.1", distance("--min-pt"))
    .option("--detectors <file>", "modules, as a detectors.csv; the TrackML layout by default")
    .option("--compare <event>", "shows a real event beside the first simulated one")
    .option(
      "--report <file>",
      "with --compare: plots of both as one HTML file",
      fileToWrite("--report"),
    )
    .option(
      "--svg <dir>",
      "with --report: also writes each plot as an SVG file there",
      folderToWrite("--svg"),
    )
    .option("--processed", "writes <event>.safetensors instead of CSV")
    .option("--gzip", "packs CSV files")
    .option(
      "-o, --output <dir>",
      "writes <event>-hits.csv, …, and detectors.csv there",
      folderToWrite("-o"),
    );
  withCommonOptions(command).action(run);
};

async function run(options: Options): Promise<void> {
  const { layout } = options;
  if (layout === "trackml") return runTrackml(options);
  if (layout === "redvid-linear") return simulateSet("linear", options);
  if (layout === "redvid-curved") return simulateSet("curved", options);
  const expected = "trackml, redvid-linear or redvid-curved";
  throw new UsageError(`--layout: expected ${expected}, got ${layout}`);
}

async function runTrackml(options: Options): Promise<void> {
  if (options.tracks) throw new UsageError("--tracks: expected --layout redvid-…, got trackml");
  expectTogether(options, [
    ["report", "compare"],
    ["svg", "report"],
  ]);
  if (options.gzip && options.processed)
    throw new UsageError("--gzip: expected CSV files to pack, got --processed");
  const { events, first, seed, pileup, particles, noise, efficiency, field, minPt } = options;
  const file = options.detectors;
  const detector =
    file === undefined ? trackmlDetector() : await readDetectors(filePieces(file), file);
  const real = options.compare === undefined ? undefined : await readAnyEvent(options.compare);
  const given = { pileup, particles, noise, efficiency, field, minPt };
  const wanted = Object.entries(given).filter(([, value]) => value !== undefined);
  const make = simulator({ seed, detector, ...Object.fromEntries(wanted) });
  if (options.output !== undefined) mkdirSync(options.output, { recursive: true });
  const bar = progress(options, "events", events);
  const made: EventRow[] = [];
  let firstEvent: Event | undefined;
  for (let number = first; number < first + events; number++) {
    const event = make(number);
    firstEvent ??= event;
    if (options.output !== undefined) write(options.output, event, options);
    made.push(rowOf(event));
    bar.step();
  }
  bar.stop();
  if (options.output !== undefined) {
    writeAtomic(join(options.output, "detectors.csv"), writeDetectors(detector));
    say(options, `${events} events in ${options.output}`);
  }
  if (real && options.report !== undefined)
    await writeReport(options.report, comparisonReport(real, firstEvent!), options);
  const compared = real && [summarizeEvent(real), summarizeEvent(firstEvent!)];
  print(options, { events: made, ...(compared && { compared }) }, () => {
    const rows = made.map((row) => Object.values(row));
    const all = table(["event", "hits", "cells", "particles", "noise hits"], rows);
    return compared ? `${all}\n\n${comparisonTable(compared, [real!.name, "simulated"])}` : all;
  });
}

interface EventRow {
  event: string;
  hits: number;
  cells: number;
  particles: number;
  noise: number;
}

function rowOf({ name, numHits, cells, numParticles, truth }: Event): EventRow {
  const noise = truth!.particleIndex.reduce((count, p) => count + (p === 0 ? 1 : 0), 0);
  return { event: name, hits: numHits, cells: cells!.hit.length, particles: numParticles, noise };
}

function write(folder: string, event: Event, { gzip, processed }: Options): void {
  if (event.numHits === 0)
    throw new UsageError(
      `simulate: expected an event with hits, got none in ${event.name} (more particles or noise)`,
    );
  if (processed) writeAtomic(join(folder, `${event.name}.safetensors`), writeEventFile(event));
  else saveEvent(folder, event, { gzip: gzip ?? false });
}
