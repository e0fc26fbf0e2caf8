import fc from "fast-check";
import { expect, test } from "vitest";
import {
  classifierLoss,
  classifyEvents,
  classSamples,
  numClasses,
  packedBatch,
  quantileBins,
  type RegressorSample,
  redvidSample,
  TransformerRegressor,
  trackClass,
  trueClassEvents,
} from "../../models/index.ts";
import { Adam, Rng, train } from "../../src/index.ts";
import { simulateRedvid } from "../../src/tracking/index.ts";
import { useDevice } from "../helpers/backends.ts";

useDevice("wasm");

/** Hits with these targets (θ, sin φ, cos φ, q) and nothing else that matters. */
function sampleOf(rows: readonly (readonly number[])[]): RegressorSample {
  const none = new Float64Array(rows.length);
  const sequence = (columns: number) => ({
    features: new Float32Array(rows.length * columns),
    numHits: rows.length,
    numFeatures: columns,
  });
  const targets = { ...sequence(4), features: Float32Array.from(rows.flat()) };
  const truth = { particle: none, weight: none };
  return {
    name: "",
    hits: sequence(3),
    positions: { x: none, y: none, z: none },
    targets,
    truth,
  };
}

const angles = fc.array(fc.tuple(fc.double({ min: 0, max: 3, noNaN: true }), fc.nat(1000)), {
  minLength: 1,
  maxLength: 60,
});
const rowsOf = (found: readonly [number, number][]) =>
  found.map(([theta, p]) => [theta, Math.sin(p), Math.cos(p), p % 3 === 0 ? -1 : 1]);

test("classes number all bins, and hits with the same parameters have the same one", () => {
  fc.assert(
    fc.property(
      angles,
      fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 })),
      (found, [a, b]) => {
        const sample = sampleOf([...rowsOf(found), ...rowsOf(found)]);
        const bins = quantileBins([sample], [a, b, 2], "trackml");
        for (const edges of bins) expect(edges).toEqual([...new Set(edges)].sort((x, y) => x - y));
        const classes = found.map((_, hit) => trackClass(bins, sample.targets, hit, "trackml"));
        for (const value of classes) {
          expect(value).toBeGreaterThanOrEqual(0);
          expect(value).toBeLessThan(numClasses(bins));
        }
        const twins = found.map((_, hit) =>
          trackClass(bins, sample.targets, found.length + hit, "trackml"),
        );
        expect(twins).toEqual(classes);
      },
    ),
  );
});

test("a bin of distinct values has its share of hits, and a charge has two bins", () => {
  const count = 60;
  const rows = Array.from({ length: count }, (_, i) => [i / 50, 0, 1, i % 4 === 0 ? -1 : 1]);
  const sample = sampleOf(rows);
  const bins = quantileBins([sample], [6, 30, 5], "trackml");
  expect(bins.map(({ length }) => length)).toEqual([5, 0, 1]); // all have the same φ
  expect(bins[2]).toEqual([0]);
  const perBin = new Array(6).fill(0);
  for (let hit = 0; hit < count; hit++)
    perBin[trackClass(bins, sample.targets, hit, "trackml") >> 1]++;
  expect(perBin).toEqual(new Array(6).fill(count / 6));
});

test("a hit of no track has no class", () => {
  const sample = sampleOf([
    [1, 0, 1, 1],
    [Number.NaN, Number.NaN, Number.NaN, Number.NaN],
  ]);
  const bins = quantileBins([sample], [2, 2, 2], "trackml");
  const [{ targets }] = classSamples([sample], bins, "trackml");
  expect(Array.from(targets.features)).toEqual([0, Number.NaN]);
});

test("it learns the classes of straight tracks, as far as their bins tell them apart", async () => {
  const events = Array.from({ length: 12 }, (_, event) =>
    redvidSample(simulateRedvid({ kind: "linear", seed: 4, event: event + 1, tracks: [2, 3] })),
  );
  const bins = quantileBins(events, [4, 4], "linear");
  const samples = classSamples(events, bins, "linear");
  const sizes = { numLayers: 1, width: 16, numHeads: 2, hiddenDim: 32, rng: new Rng(2) };
  const model = new TransformerRegressor({ inputs: 3, outputs: numClasses(bins), ...sizes });
  const losses: number[] = [];
  await train({
    model,
    optimizer: new Adam(model, { learningRate: 1e-2 }),
    batches: () => [packedBatch(samples)],
    loss: classifierLoss,
    steps: 60,
    reportEvery: 1,
    onStep: ({ loss }) => losses.push(loss),
  });
  // every class is as likely before: log 16 = 2.77, and what the start of the weights adds
  expect(losses[0]).toBeGreaterThan(2.3);
  expect(losses.at(-1)).toBeLessThan(losses[0]! / 2);
  const found = await classifyEvents(model, samples);
  const right = found.reduce((sum, event) => sum + event.right, 0);
  const known = found.reduce((sum, event) => sum + event.known, 0);
  expect(right / known).toBeGreaterThan(0.6);
  const best = trueClassEvents(samples);
  const mean = (all: readonly { trackml: number }[]) =>
    all.reduce((sum, { trackml }) => sum + trackml, 0) / all.length;
  expect(mean(found)).toBeGreaterThan(0.6 * mean(best));
});

test("hits of no track are left out of the loss", async () => {
  const hits = Float32Array.from([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]);
  const loss = async (classes: number[], width: number) => {
    const targets = { features: Float32Array.from(classes), numHits: 3, numFeatures: 1 };
    const sample = { ...sampleOf([[], [], []]), targets };
    const given = { ...sample, hits: { features: hits, numHits: 3, numFeatures: 3 } };
    const model = new TransformerRegressor({
      inputs: 3,
      outputs: 4,
      numLayers: 1,
      width,
      numHeads: 1,
      hiddenDim: 4,
      rng: new Rng(7),
    });
    return classifierLoss(model, packedBatch([given])).item();
  };
  const [all, first, last] = [
    await loss([1, 2, 3], 4),
    await loss([1, 2, Number.NaN], 4),
    await loss([Number.NaN, Number.NaN, 3], 4),
  ];
  // all hits see all hits, so each has the same logits in the three
  expect(all).toBeCloseTo((2 * first + last) / 3, 5);
});
