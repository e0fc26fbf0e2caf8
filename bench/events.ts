/**
 * How long do a whole event's way into memory and its score take? A simulated event of 200 collisions, written
 * as TrackML CSV and as a processed event, then read, also by a thread of a store that keeps one event; scored
 * with its own truth as the tracks.
 *
 *   npx tsx bench/events.ts [collisions]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { EventStore, readAnyEvent, readEvent, saveEvent, writeAtomic } from "../src/node/index.ts";
import {
  hitTruth,
  simulateEvent,
  trackFormersMetrics,
  trackmlScore,
  writeEventFile,
} from "../src/tracking/index.ts";

const numRuns = 5;
const [pileup = "200"] = process.argv.slice(2);

/** Median and least of some runs, after one more. */
async function row(work: string, run: () => unknown): Promise<void> {
  await run();
  const times: number[] = [];
  for (let i = 0; i < numRuns; i++) {
    const start = performance.now();
    await run();
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  console.log(`| ${work} | ${times[numRuns >> 1].toFixed(0)} | ${times[0].toFixed(0)} |`);
}

const folder = mkdtempSync(join(tmpdir(), "trackgrad-bench-"));
try {
  const start = performance.now();
  const event = simulateEvent({ seed: 1, pileup: Number(pileup) });
  const made = performance.now() - start;
  const prefix = saveEvent(folder, event);
  const processed = `${prefix}.safetensors`;
  writeAtomic(processed, writeEventFile(event));
  console.log(`${event}; simulated in ${made.toFixed(0)} ms\n`);
  console.log("| work | median ms | least ms |\n|---|---:|---:|");
  await row("read TrackML CSV: hits, cells, particles, truth", () => readEvent(prefix));
  await row("read the processed event", () => readAnyEvent(processed));
  const store = new EventStore(folder, { threads: 1, cached: 1, fractions: [1, 0, 0] });
  const inTurn = async () => {
    await store.read(prefix);
    await store.read(processed); // takes the place of the other
  };
  await row("read both in turn, by a thread", inTurn);
  await row("read what the store keeps", () => store.read(processed));
  await store.close();
  const [truth, tracks] = [
    hitTruth(event),
    Int32Array.from(event.truth!.particleIndex, (p) => p || -1),
  ];
  const score = trackmlScore(tracks, truth);
  if (Math.abs(score - 1) > 1e-9) throw new Error(`expected a score of 1, got ${score}`);
  await row("write the processed event", () => writeEventFile(event));
  await row("TrackML score", () => trackmlScore(tracks, truth));
  await row("TrackML score and the three efficiencies", () => trackFormersMetrics(tracks, truth));
  console.log(`\npeak of this process: ${Math.round(process.resourceUsage().maxRSS / 1024)} MiB`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
