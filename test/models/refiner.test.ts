import { expect, test } from "vitest";
import {
  packedBatch,
  refine,
  refinerModel,
  refineTracks,
  regressorLoss,
  regressorSample,
  regressorScales,
  TransformerRegressor,
  trackSamples,
} from "../../models/index.ts";
import { Adam, loadParameters, Rng, ShapeError, train } from "../../src/index.ts";
import { type Event, simulator } from "../../src/tracking/index.ts";
import { useDevice } from "../helpers/backends.ts";

useDevice("wasm");

const simulated = (): Event =>
  simulator({ seed: 3, particles: 12, pileup: 1, noise: 0.1, secondaries: false, minPt: 0.5 })(1);
const sampleOf = (event: Event) => regressorSample(event, regressorScales([event]));

test("a refiner has the published number of parameters", () => {
  const [width, hidden, layers] = [32, 64, 3];
  const layer = 4 * (width * width + width) + 2 * width * hidden + hidden + width + 4 * width;
  expect(refinerModel().numParameters).toBe(3 * width + width + layers * layer + 4 * width + 4);
});

test("it learns from true tracks, each alone and all of it, without noise", () => {
  const sample = sampleOf(simulated());
  const { particle } = sample.truth;
  const tracks = trackSamples(sample);
  expect(Array.from(particle)).toContain(0);
  const known = Array.from(particle).filter((p) => p !== 0);
  expect(tracks.map(({ hits }) => hits.numHits).reduce((a, b) => a + b)).toBe(known.length);
  expect(tracks).toHaveLength(new Set(known).size);
  for (const { truth, targets, name } of tracks) {
    expect(new Set(Array.from(truth.particle)).size, name).toBe(1);
    for (let hit = 1; hit < targets.numHits; hit++)
      expect(targets.features.slice(4 * hit, 4 * hit + 4)).toEqual(targets.features.slice(0, 4));
  }
});

test("its loss falls by half in twenty steps on some tracks of an event", async () => {
  const model = refinerModel({ rng: new Rng(1), dropout: 0 });
  const tracks = trackSamples(sampleOf(simulated())).slice(0, 4);
  const losses: number[] = [];
  await train({
    model,
    optimizer: new Adam(model, { learningRate: 4e-3 }),
    batches: () => [packedBatch(tracks)],
    loss: regressorLoss,
    steps: 20,
    reportEvery: 1,
    onStep: ({ loss }) => void losses.push(loss),
  });
  expect(losses.at(-1)).toBeLessThan(losses[0] / 2);
});

/** A network without layers that says of a hit what the hit is, so that distances can be told by eye. */
function echo(): TransformerRegressor {
  const one = { shape: [1, 1], data: [1] };
  const zero = { shape: [1], data: [0] };
  const sizes = { inputs: 1, outputs: 1, numLayers: 0, width: 1, numHeads: 1 };
  const model = new TransformerRegressor(sizes);
  const state = { "input_layer.weight": one, "input_layer.bias": zero };
  const decoder = { "decoder.weight": one, "decoder.bias": zero };
  loadParameters(model, new Map(Object.entries({ ...state, ...decoder })), "echo");
  return model;
}

test("hits far from the lower median go, unless fewer than four would stay", async () => {
  const values = [0, 0.05, 0.1, 0.1, 0.9, /* another track */ 0, 0.1, 5, 9];
  const tracks = [3, 3, 3, 3, 3, 7, 7, 7, 7];
  const hits = { features: Float32Array.from(values), numHits: 9, numFeatures: 1 };
  // medians 0.1 and 0.1; squared distances from it 0.01, 0.0025, 0, 0, 0.64 | 0.01, 0, 24, 79
  expect(await refine(echo(), hits, tracks, { cutoff: 0.02 })).toEqual([
    { label: 3, kept: [0, 1, 2, 3] },
    { label: 7, kept: [5, 6, 7, 8] },
  ]);
  expect(await refine(echo(), hits, tracks, { cutoff: 0.005, minHits: 1 })).toEqual([
    { label: 3, kept: [1, 2, 3] },
    { label: 7, kept: [6] },
  ]);
});

test("hits that are taken out are in no track, and hits in no track stay so", async () => {
  const values = [0, 0.05, 0.1, 0.1, 0.9, 3];
  const tracks = Int32Array.of(3, 3, 3, 3, 3, -1);
  const hits = { features: Float32Array.from(values), numHits: 6, numFeatures: 1 };
  const refined = await refineTracks(echo(), hits, tracks, { cutoff: 0.02 });
  expect([...refined]).toEqual([3, 3, 3, 3, -1, -1]);
  expect(await refineTracks(echo(), hits, tracks, { cutoff: Infinity })).toEqual(tracks);
});

test("an event without hits has no tracks to refine, and a label is wanted for every hit", async () => {
  const model = refinerModel();
  const none = { features: new Float32Array(), numHits: 0, numFeatures: 3 };
  expect(await refine(model, none, [])).toEqual([]);
  await expect(refine(model, none, [1])).rejects.toThrow(
    new ShapeError("refine(tracks): expected i32 [0], got [1]"),
  );
});
