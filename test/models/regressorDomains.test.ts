import { expect, test } from "vitest";
import {
  clusterDomains,
  joinTracks,
  regressDomains,
  regressEvents,
  regressorSample,
  regressorScales,
  TransformerRegressor,
} from "../../models/index.ts";
import { simulator } from "../../src/tracking/index.ts";
import { useDevice } from "../helpers/backends.ts";

useDevice("js");

const event = simulator({ seed: 5, particles: 15, pileup: 1, noise: 0.2 })(1);
const sample = regressorSample(event, regressorScales([event]));
/** Says of each hit what it says of it alone. */
const model = new TransformerRegressor({ inputs: 3, outputs: 4, numLayers: 0 });
const clustering = { minClusterSize: 3, minSamples: 2 };

test("every hit is in one part, and keeps its coordinates, truth and targets there", async () => {
  const [{ parts }] = await regressDomains(model, [sample]);
  const [{ parameters }] = await regressEvents(model, [sample]);
  const seen = parts.flatMap(({ rows }) => [...rows]);
  expect(seen.sort((a, b) => a - b)).toEqual(Array.from(event.hits.x.keys()));
  expect(parts.length).toBeGreaterThan(4);
  for (const { rows, regressed } of parts)
    for (const [r, hit] of rows.entries()) {
      const { positions, truth, targets } = regressed.sample;
      expect(positions.z[r]).toBe(event.hits.z[hit]);
      expect(truth.particle[r]).toBe(sample.truth.particle[hit]);
      expect(targets.features[4 * r]).toBe(sample.targets.features[4 * hit]);
      for (let p = 0; p < 4; p++)
        expect(regressed.parameters.data[4 * r + p]).toBe(parameters.data[4 * hit + p]);
    }
});

test("tracks of parts are scored in the whole event", async () => {
  const events = await regressDomains(model, [sample]);
  const sizes = events[0].parts.map(({ rows }) => rows.length);
  const [{ labels, tracks, hits, trackml }] = clusterDomains(events, clustering);
  expect([labels.length, hits]).toEqual([event.numHits, event.numHits]);
  expect(tracks).toBeGreaterThan(sizes.filter((size) => size > 20).length);
  expect(trackml).toBeGreaterThanOrEqual(0);
  expect(events[0].quality.mean).toBeGreaterThan(0.5);
  expect(events[0].quality.mean).toBeLessThan(1); // helices leave their part
});

test("wider parts hold more of each particle", async () => {
  const [{ quality }] = await regressDomains(model, [sample]);
  const [wide] = await regressDomains(model, [sample], { overlap: 0.3 });
  expect(wide.quality.mean).toBeGreaterThan(quality.mean);
  const [{ labels }] = clusterDomains([wide], clustering);
  expect(labels).toHaveLength(event.numHits);
});

test("a hit of several parts is in its longest track, and tracks of parts stay apart", () => {
  const parts = [
    { rows: Uint32Array.of(0, 1, 2, 3), tracks: Int32Array.of(0, 0, 1, 1) },
    { rows: Uint32Array.of(2, 3, 4, 5), tracks: Int32Array.of(-1, 0, 0, 0) },
    { rows: Uint32Array.of(5, 6), tracks: Int32Array.of(0, 0) },
  ];
  expect([...joinTracks(parts, 8)]).toEqual([0, 0, 1, 2, 2, 2, 3, -1]);
});
