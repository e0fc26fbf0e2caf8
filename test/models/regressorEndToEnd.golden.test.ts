/** From hits to scored tracks with published weights, on every backend, as PyTorch and hdbscan have it. */
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { expect, test } from "vitest";
import { regressHits, regressorFrom } from "../../models/index.ts";
import { readWeights } from "../../src/engine/formats/weights.ts";
import { openDevice } from "../../src/node/open.ts";
import {
  hdbscan,
  type TrackFormersMetrics,
  trackFormersMetrics,
} from "../../src/tracking/index.ts";
import { fixtureFolder, fixturePaths } from "../helpers/fixtures.ts";
import { adjustedRand } from "../helpers/partitions.ts";
import { onBackends } from "../nn/compare.ts";

interface Found {
  labels: number[];
  trackml_score: number;
  perfect: number;
  double_majority: number;
  lhc: number;
}
interface EndToEnd {
  checkpoint: string;
  input: number[][];
  predicted_params: number[][];
  track_of_hit: number[];
  /** By `min_cluster_size,min_samples`. */
  hdbscan: Record<string, Found>;
}

/** The case file of a checkpoint. */
interface Known {
  hyper: { n_head: number };
  cases: { suggested_atol: number }[];
}

const cases = fixturePaths("transformer-regressor", /\.json$/).flatMap((path) => {
  const { end_to_end: found = [] } = JSON.parse(readFileSync(path, "utf8"));
  return (found as EndToEnd[]).map((one, number) => {
    const weights = join(dirname(path), one.checkpoint);
    return { ...one, name: `${basename(path, ".json")} ${number}`, weights };
  });
});
const present = cases.filter(({ weights }) => existsSync(weights));

test(`end-to-end cases: ${present.length || "absent"}, without weights: ${cases.length - present.length}, in ${basename(fixtureFolder())}`, () => {});

/**
 * What the cases of the checkpoint, of up to 20 hits, allow to float32; rounding of sums over more hits grows
 * with their root.
 */
function toleranceOf({ cases }: Known, numHits: number): number {
  const allowed = cases.map(({ suggested_atol }) => suggested_atol);
  return Math.max(...allowed) * Math.sqrt(Math.max(1, numHits / 20));
}

function expectScores(found: TrackFormersMetrics, wanted: Omit<Found, "labels">): void {
  const rates = [found.trackml, found.perfect, found.doubleMajority, found.lhc];
  const { trackml_score, perfect, double_majority, lhc } = wanted;
  for (const [r, rate] of [trackml_score, perfect, double_majority, lhc].entries())
    expect(rates[r]).toBeCloseTo(rate, 12);
}

test.for(onBackends(present))("$name on $backend", async (entry) => {
  const { checkpoint, weights, input, predicted_params: wanted, backend } = entry;
  const known: Known = JSON.parse(readFileSync(`${weights}.json`, "utf8"));
  const device = await openDevice({ backend });
  try {
    const { tensors } = readWeights(readFileSync(weights), checkpoint);
    const model = regressorFrom(tensors, { numHeads: known.hyper.n_head, source: checkpoint });
    const features = Float32Array.from(input.flat());
    const hits = { features, numHits: input.length, numFeatures: input[0]!.length };
    const points = await regressHits(model, hits);
    const errors = wanted.flat().map((value, i) => Math.abs(value - points.data[i]!));
    expect(Math.max(...errors)).toBeLessThan(toleranceOf(known, input.length));
    const particle = Float64Array.from(entry.track_of_hit);
    const truth = { particle, weight: new Float64Array(particle.length).fill(1) };
    for (const [setting, expected] of Object.entries(entry.hdbscan)) {
      const { labels, ...rates } = expected;
      expectScores(trackFormersMetrics(labels, truth, { compat: true }), rates);
      const [minClusterSize, minSamples] = setting.split(",").map(Number) as [number, number];
      const found = hdbscan(points, { minClusterSize, minSamples });
      // float32 moves hits at the edge of a cluster; PyTorch's is 0.92 like double precision at the least
      expect(adjustedRand(found, labels), setting).toBeGreaterThan(0.85);
    }
  } finally {
    await device.close();
  }
});
