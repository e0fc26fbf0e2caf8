/**
 * What does a refiner take out of tracks: true ones, true ones of which one hit in ten is in another, and those
 * that a regressor finds? On 20 sub-events of an event, by the limit on the distance from the median.
 *
 *   npx tsx bench/refined.ts REGRESSOR REFINER EVENT      weights (four heads), weights, what its files start with
 */
import {
  clusterEvents,
  meanScores,
  type RegressorSample,
  refine,
  refinerSizes,
  regressEvents,
  regressorFrom,
  regressorSample,
  scoredEvent,
} from "../models/index.ts";
import { storedScales } from "../src/cli/families/regressorSets.ts";
import { loadWeights, openDevice, readEvent } from "../src/node/index.ts";
import { hitSequence, splitMix, subEvents, trackmlStandardisation } from "../src/tracking/index.ts";

const cutoffs = [0.005, 0.02, 0.1]; // the first is the published one

const [regressorPath, refinerPath, prefix] = process.argv.slice(2);
const device = await openDevice({ backend: "wasm" });
const regressor = regressorFrom((await loadWeights(regressorPath)).tensors, { numHeads: 4 });
const { tensors, metadata } = await loadWeights(refinerPath);
const refiner = regressorFrom(tensors, { numHeads: refinerSizes.numHeads });
const scale = storedScales(metadata)!.hits;

const rng = splitMix(3);
const samples = subEvents(await readEvent(prefix), { min: 10, max: 50, count: 20, rng }).map(
  (event) => regressorSample(event, { hits: trackmlStandardisation }),
);
const found = clusterEvents(await regressEvents(regressor, samples), {
  ...{ minClusterSize: 5, minSamples: 2 },
});
const truths = samples.map(({ truth }) => Array.from(truth.particle));
const kinds: Record<string, readonly ArrayLike<number>[]> = {
  true: truths,
  mixed: truths.map((truth) => {
    const ids = [...new Set(truth)];
    return truth.map((id) => (rng() < 0.1 ? ids[Math.floor(rng() * ids.length)] : id));
  }),
  found: found.map(({ labels }) => labels),
};

/** The particle that most hits of each track are of. */
function ownerOf(labels: ArrayLike<number>, particle: ArrayLike<number>): Map<number, number> {
  const counts = new Map<number, Map<number, number>>();
  for (let hit = 0; hit < labels.length; hit++) {
    const ofTrack = counts.get(labels[hit]) ?? new Map<number, number>();
    counts.set(labels[hit], ofTrack.set(particle[hit], (ofTrack.get(particle[hit]) ?? 0) + 1));
  }
  const most = (ofTrack: Map<number, number>) => [...ofTrack].sort((a, b) => b[1] - a[1])[0][0];
  return new Map([...counts].map(([track, ofTrack]) => [track, most(ofTrack)]));
}

async function refined({ positions }: RegressorSample, labels: ArrayLike<number>, cutoff: number) {
  const left = new Int32Array(labels.length).fill(-1);
  const hits = hitSequence({ hits: positions }, scale);
  for (const { label, kept } of await refine(refiner, hits, labels, { cutoff }))
    for (const hit of kept) left[hit] = label;
  return left;
}

const scoreOf = (labels: readonly ArrayLike<number>[]): string => {
  const scores = samples.map((sample, s) =>
    scoredEvent(sample, Int32Array.from(labels[s]), { milliseconds: 0, compat: false }),
  );
  return meanScores(scores).trackml.toFixed(3);
};

console.log("| tracks | limit | own hits kept | others kept | TrackML before | after |");
console.log("|---|---:|---:|---:|---:|---:|");
for (const [kind, before] of Object.entries(kinds))
  for (const cutoff of cutoffs) {
    const after: Int32Array[] = [];
    const [all, kept] = [0, 1].map(() => ({ own: 0, other: 0 }));
    for (const [s, sample] of samples.entries()) {
      after.push(await refined(sample, before[s], cutoff));
      const owner = ownerOf(before[s], sample.truth.particle);
      for (let hit = 0; hit < before[s].length; hit++) {
        if (before[s][hit] < 0) continue;
        const whose = owner.get(before[s][hit]) === sample.truth.particle[hit] ? "own" : "other";
        all[whose]++;
        if (after[s][hit] >= 0) kept[whose]++;
      }
    }
    const share = (whose: "own" | "other") =>
      all[whose] === 0 ? "" : (kept[whose] / all[whose]).toFixed(3);
    const row = [kind, cutoff, share("own"), share("other"), scoreOf(before), scoreOf(after)];
    console.log(`| ${row.join(" | ")} |`);
  }
await device.close();
