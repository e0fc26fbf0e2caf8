import { basename } from "node:path";
import { readAnyEvent } from "../node/events.ts";
import { writeAtomic } from "../node/files.ts";
import {
  type Display,
  displayOf,
  type Event,
  numTracks,
  phoenixEvents,
} from "../tracking/index.ts";
import { type CommonOptions, print, type Verb, withCommonOptions } from "./command.ts";
import { type EdgesFile, readEdges } from "./edgesFile.ts";
import { fileToWrite } from "./outputs.ts";
import { htmlPage } from "./pages/html.ts";
import { packArrays } from "./pages/pack.ts";
import { pageScript } from "./pages/script.ts";
import { submittedTracks } from "./submittedTracks.ts";

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
    .option(
      "-o, --output <file>",
      "where the page goes; <event>.html by default",
      fileToWrite("-o"),
    )
    .option(
      "--phoenix <file>",
      "also write the event for the Phoenix event display",
      fileToWrite("--phoenix"),
    );
  withCommonOptions(command).action(run);
};

async function run(prefix: string, options: Options): Promise<void> {
  const event = await readAnyEvent(prefix);
  const output = options.output ?? `${basename(event.name)}.html`;
  const named = { hitId: event.hits.hitId, name: event.name };
  const { tracks: submission } = options;
  const tracks = submission === undefined ? undefined : await submittedTracks(submission, named);
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

const edgesIn = async (file: string | undefined, event: Event): Promise<Partial<EdgesFile>> =>
  file === undefined ? {} : readEdges(file, event);
