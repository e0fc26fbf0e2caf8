import { existsSync } from "node:fs";
import { basename, dirname } from "node:path";
import { FormatError } from "../engine/errors.ts";
import { readAnyEvent } from "../node/events.ts";
import { filePieces, writeAtomic } from "../node/files.ts";
import {
  type Display,
  displayOf,
  type Event,
  numTracks,
  phoenixEvents,
  readSubmission,
  type Tracks,
  tracksFromSubmission,
} from "../tracking/index.ts";
import { type CommonOptions, print, UsageError, type Verb, withCommonOptions } from "./command.ts";
import { type EdgesFile, readEdges } from "./edgesFile.ts";
import { htmlPage } from "./pages/html.ts";
import { packArrays } from "./pages/pack.ts";
import { pageScript } from "./pages/script.ts";

interface Options extends CommonOptions {
  tracks?: string;
  edges?: string;
  output?: string;
  phoenix?: string;
}

export const view: Verb = (program) => {
  const command = program
    .command("view <event>")
    .description("event display: one HTML file that opens anywhere, offline")
    .option("--tracks <csv>", "submission with the tracks that were found: hit_id,track_id")
    .option("--edges <csv>", "edges of a graph of the hits: source,target, both hit ids")
    .option("-o, --output <file>", "where the page goes; <event>.html by default")
    .option("--phoenix <file>", "also write the event for the Phoenix event display");
  withCommonOptions(command).action(run);
};

async function run(prefix: string, options: Options): Promise<void> {
  const output = options.output ?? `${basename(prefix, ".safetensors")}.html`;
  for (const [flag, file] of [
    ["-o", output],
    ["--phoenix", options.phoenix],
  ] as const)
    if (file !== undefined && !existsSync(dirname(file)))
      throw new UsageError(`view(${flag}): expected an existing folder, got ${dirname(file)}`);
  const event = await readAnyEvent(prefix);
  const tracks = options.tracks === undefined ? undefined : await readTracks(options.tracks, event);
  const { edges } = await edgesIn(options.edges, event);
  const display = displayOf(event, { tracks, edges });
  writeAtomic(output, await displayPage(display));
  if (options.phoenix) writeAtomic(options.phoenix, JSON.stringify(phoenixEvents(display)));
  const files = [output, options.phoenix].filter((file) => file !== undefined);
  const found = {
    event: event.name,
    hits: event.numHits,
    particles: event.numParticles,
    tracks: tracks ? numTracks(tracks) : null,
    edges: edges ? edges.source.length : null,
    files,
  };
  print(options, found, () => `${event} in ${files.join(" and ")}`);
}

/** The display as one HTML file. */
export async function displayPage(display: Display): Promise<string> {
  const [script, data] = [await pageScript("view"), packArrays(display)];
  return htmlPage({ title: `${display.name} · trackgrad`, script, data });
}

async function readTracks(file: string, { hits, name }: Event): Promise<Tracks> {
  const submission = await readSubmission(filePieces(file), file);
  const known = new Set(hits.hitId);
  if (submission.hitId.length > 0 && !submission.hitId.some((id) => known.has(id)))
    throw new FormatError(`${file}: expected hits of ${name}, got none of them`);
  return tracksFromSubmission(submission, hits.hitId);
}

const edgesIn = async (file: string | undefined, event: Event): Promise<Partial<EdgesFile>> =>
  file === undefined ? {} : readEdges(file, event);
