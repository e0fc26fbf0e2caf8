import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { writeAtomic } from "../node/files.ts";
import { redvidLayers, simulateRedvid, writeRedvid } from "../tracking/index.ts";
import { type CommonOptions, print, say, UsageError } from "./command.ts";
import { table } from "./table.ts";

interface Options extends CommonOptions {
  events: number;
  first: number;
  tracks?: [min: number, max: number];
  output?: string;
}

/** Settings that a REDVID set has none of. */
const foreign = [
  "pileup",
  "particles",
  "noise",
  "efficiency",
  "field",
  "minPt",
  "detectors",
  "compare",
  "report",
  "svg",
  "gzip",
  "processed",
]; // prettier-ignore

/** One set of simulated REDVID events, under the name of the published files. */
export function simulateSet(kind: "linear" | "curved", options: Options): void {
  const given = foreign.find(
    (name) => (options as unknown as Record<string, unknown>)[name] !== undefined,
  );
  if (given) {
    const flag = given.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    throw new UsageError(`--${flag}: expected --layout trackml, got redvid-${kind}`);
  }
  const { seed, first, tracks, output } = options;
  const events = Array.from({ length: options.events }, (_, e) =>
    simulateRedvid({ kind, seed, event: first + e, ...(tracks && { tracks }) }),
  );
  const hits = events.reduce((sum, { trackId }) => sum + trackId.length, 0);
  const numTracks = events.reduce((sum, { trackId }) => sum + new Set(trackId).size, 0);
  if (output !== undefined) {
    mkdirSync(output, { recursive: true });
    const file = join(output, "hits_and_tracks_3d_events_all.csv");
    writeAtomic(file, writeRedvid(events, kind, redvidLayers));
    say(options, `${events.length} events in ${file}`);
  }
  const summary = { events: events.length, tracks: numTracks, hits };
  print(options, { layout: `redvid-${kind}`, ...summary }, () =>
    table(Object.keys(summary), [Object.values(summary)]),
  );
}
