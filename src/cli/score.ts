import { existsSync } from "node:fs";
import { basename } from "node:path";
import { readAnyEvent, readEvent } from "../node/events.ts";
import { filePieces } from "../node/files.ts";
import {
  clusterMetrics,
  type Event,
  labelledHits,
  numTracks,
  readTruth,
  trackFormersMetrics,
} from "../tracking/index.ts";
import {
  type CommonOptions,
  print,
  say,
  UsageError,
  type Verb,
  withCommonOptions,
} from "./command.ts";
import { edgeScores, edgeTable, judgeEdges } from "./edgeScores.ts";
import { isEdgesFile, readEdges } from "./edgesFile.ts";
import { edgesReport } from "./edgesReport.ts";
import { expectTogether, fileToWrite, folderToWrite } from "./outputs.ts";
import { writeReport } from "./report.ts";
import { type EventReport, meanOf, reportOf, scoreTable } from "./scores.ts";
import { submittedTracks } from "./submittedTracks.ts";
import { table } from "./table.ts";
import { tracksReport } from "./tracksReport.ts";

interface Options extends CommonOptions {
  compat?: boolean;
  report?: string;
  svg?: string;
}

const ptThresholds = [0, 0.5, 0.9, 1.5]; // GeV, those of the tracking literature

export const score: Verb = (program) => {
  const command = program
    .command("score <submission.csv> <truth.csv>")
    .description(
      "TrackML score and all efficiencies; by pt if hits and particles lie beside the truth. " +
        "Of edges (source,target,score: two hit ids, 0…1 or left out) their efficiency and purity",
    )
    .option("--compat", "count noise as the published programs do")
    .option(
      "--report <file>",
      "writes scores, rates and the event display as one HTML file",
      fileToWrite("--report"),
    )
    .option(
      "--svg <dir>",
      "with --report: also writes each plot as an SVG file there",
      folderToWrite("--svg"),
    );
  withCommonOptions(command).action(run);
};

async function run(file: string, truthFile: string, options: Options): Promise<void> {
  expectTogether(options, [["svg", "report"]]);
  return (await isEdgesFile(file))
    ? scoreEdges(file, truthFile, options)
    : scoreTracks(file, truthFile, options);
}

async function scoreTracks(file: string, truthFile: string, options: Options): Promise<void> {
  const event = await eventBeside(truthFile);
  if (!event) say(options, "rates by pt: no hits and particles beside the truth");
  const found = event && {
    event,
    tracks: await submittedTracks(file, { hitId: event.hits.hitId, name: event.name }),
  };
  const compat = options.compat ?? false;
  const report = found
    ? reportOf(found.event, found.tracks, { compat })
    : await reportOfTruth(file, truthFile, { compat });
  const byPt = found
    ? clusterMetrics(labelledHits(found.tracks, found.event), { ptThresholds })
    : [];
  if (options.report !== undefined) {
    if (!found)
      throw new UsageError("--report: expected hits and particles beside the truth, got none");
    const page = tracksReport(`Tracks of ${found.event.name}`, [found]);
    await writeReport(options.report, page, options);
  }
  const document = { events: [{ ...report, byPt }], mean: meanOf([report]) };
  print(options, document, () =>
    [scoreTable([report]), ptTable(byPt)].filter(Boolean).join("\n\n"),
  );
}

/** Edges are judged by hits and particles too. */
async function scoreEdges(file: string, truthFile: string, options: Options): Promise<void> {
  const event = await eventBeside(truthFile);
  if (!event) throw new UsageError(`${truthFile}: expected hits and particles beside it, got none`);
  const judged = judgeEdges(event, await readEdges(file, event));
  const scores = edgeScores(judged, ptThresholds);
  if (options.report !== undefined)
    await writeReport(options.report, edgesReport(judged, scores), options);
  print(options, { events: [scores] }, () => edgeTable(scores));
}

const truthEnding = /-truth\.csv(\.gz)?$/;

/** The event that a truth file belongs to, if its hits and particles lie beside it; a processed event is its own. */
async function eventBeside(truthFile: string): Promise<Event | undefined> {
  if (truthFile.endsWith(".safetensors")) return wholeEvent(truthFile);
  const prefix = truthFile.replace(truthEnding, "");
  const isThere = (kind: string) =>
    [".csv", ".csv.gz"].some((ending) => existsSync(`${prefix}-${kind}${ending}`));
  const isWhole =
    prefix !== truthFile && existsSync(truthFile) && ["hits", "particles"].every(isThere);
  return isWhole ? readEvent(prefix) : undefined;
}

/** A processed event holds what the four tables do, if it was made of them. */
async function wholeEvent(file: string): Promise<Event> {
  const event = await readAnyEvent(file);
  if (event.truth && event.particles) return event;
  throw new UsageError(`${file}: expected an event with particles and truth, got ${event}`);
}

/** What the truth tells alone. */
async function reportOfTruth(
  file: string,
  truthFile: string,
  options: { compat: boolean },
): Promise<EventReport> {
  const truth = await readTruth(filePieces(truthFile), truthFile);
  const tracks = await submittedTracks(file, { hitId: truth.hitId, name: truthFile });
  return {
    event: basename(truthFile).replace(truthEnding, ""),
    hits: truth.hitId.length,
    tracks: numTracks(tracks),
    ...trackFormersMetrics(tracks, truth, options),
  };
}

/** Rates among reconstructable particles above each pt threshold. */
function ptTable(rows: ReturnType<typeof clusterMetrics>): string {
  if (rows.length === 0) return "";
  return table(
    ["pt ≥ (GeV)", "particles", "tracks", "perfect", "double majority", "LHC"],
    rows.map((r) => [
      `${r.minPt}`,
      r.numParticles,
      r.numClusters,
      r.perfect,
      r.doubleMajority,
      r.lhc,
    ]),
  );
}
