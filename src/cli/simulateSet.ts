import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { writeAtomic } from "../node/files.ts";
import { redvidLayers, redvidPieces, simulateRedvid } from "../tracking/index.ts";
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
  const summary = { events: options.events, tracks: 0, hits: 0 };
  /** One event after the other, and what they hold. */
  function* counted() {
    for (let event = first; event < first + options.events; event++) {
      const made = simulateRedvid({ kind, seed, event, ...(tracks && { tracks }) });
      summary.tracks += new Set(made.trackId).size;
      summary.hits += made.trackId.length;
      yield made;
    }
  }
  if (output === undefined) for (const _ of counted());
  else {
    mkdirSync(output, { recursive: true });
    const file = join(output, "hits_and_tracks_3d_events_all.csv");
    writeAtomic(file, redvidPieces(counted(), kind, redvidLayers));
    say(options, `${options.events} events in ${file}`);
  }
  print(options, { layout: `redvid-${kind}`, ...summary }, () =>
    table(Object.keys(summary), [Object.values(summary)]),
  );
}
