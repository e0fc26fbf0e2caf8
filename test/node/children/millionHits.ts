/**
 * A million hits: writes tracks and truth into a folder, scores them, and prints after each step the peak of memory so
 * far, MiB. The truth has a column of text that nobody reads, so that its file is far larger than what is in it.
 */
import { join } from "node:path";
import { runCommand } from "../../../src/cli/program.ts";
import { writeAtomic } from "../../../src/node/index.ts";
import { csvPieces } from "../../../src/tracking/index.ts";

const [tracks, truth] = ["tracks.csv", "event1-truth.csv"].map((name) =>
  join(process.argv[2]!, name),
);
const tell = (step: string) => {
  const peak = Math.round(process.resourceUsage().maxRSS / 1024);
  process.stdout.write(`${JSON.stringify({ step, peak })}\n`);
};

const numHits = 1_000_000;
const hitId = new Uint32Array(numHits).map((_, hit) => hit);
const particleId = hitId.map((hit) => 1 + (hit >> 3));
const unread = new Array<string>(numHits).fill("unread".repeat(40));
const nothing = new Array<string>(numHits).fill("");
const places = { tx: nothing, ty: nothing, tz: nothing, tpx: nothing, tpy: nothing, tpz: nothing };
const weight = new Uint8Array(numHits).fill(1);
tell("start");
writeAtomic(tracks, csvPieces({ hit_id: hitId, track_id: particleId }));
writeAtomic(
  truth,
  csvPieces({ hit_id: hitId, particle_id: particleId, ...places, weight, unread }),
);
tell("written");
process.exitCode = await runCommand(["score", tracks, truth, "--json", "--quiet"]);
tell("scored");
