import { expect, test } from "vitest";
import {
  boxedSamples,
  EncoderDecoder,
  followEvents,
  followTracks,
  hitBox,
  nextHitLoss,
  type RegressorSample,
  redvidSample,
  sequenceBatch,
  startToken,
  stopToken,
  trackRows,
} from "../../models/index.ts";
import { Adam, Rng, ShapeError, tensor, train } from "../../src/index.ts";
import { randomFrom } from "../../src/testing/random.ts";
import { simulateRedvid } from "../../src/tracking/index.ts";
import { useDevice } from "../helpers/backends.ts";

useDevice("wasm");

const small = { width: 16, numHeads: 2, hiddenDim: 32, numInduced: 4, maxSteps: 12 };
const modelOf = () => new EncoderDecoder({ ...small, rng: new Rng(3) });

/** Boxed events of straight tracks. */
function eventsOf(count: number): RegressorSample[] {
  const samples = Array.from({ length: count }, (_, event) =>
    redvidSample(simulateRedvid({ kind: "linear", seed: 4, event: event + 1, tracks: [2, 3] })),
  );
  return boxedSamples(samples, hitBox(samples));
}

const random = randomFrom(1);
const places = (rows: number) => Float32Array.from({ length: 3 * rows }, () => random());
const farthest = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
const rounding = 1e-5; // sums of up to 32 f32 terms in another order, through four layer norms

test("hits are in the unit cube, which their box fills", () => {
  const values = eventsOf(3).flatMap(({ hits }) => [...hits.features]);
  expect(Math.min(...values)).toBe(0);
  expect(Math.max(...values)).toBe(1);
});

test("what follows a step depends on no later step, and not on other tracks", async () => {
  const model = modelOf();
  const hits = tensor(places(9), [1, 9, 3]);
  const steps = places(2 * 5);
  const said = async (values: Float32Array) =>
    model.decode(model.encode(hits), null, tensor(values, [1, 2, 5, 3])).data();
  const before = await said(steps);
  const changed = steps.slice();
  changed.fill(0.9, 3 * 3, 3 * 5); // steps 3 and 4 of the first track
  const after = await said(changed);
  expect(farthest(before.subarray(0, 9), after.subarray(0, 9))).toBeLessThan(rounding);
  expect(farthest(before.subarray(9, 15), after.subarray(9, 15))).toBeGreaterThan(1e-3);
  expect(farthest(before.subarray(15), after.subarray(15))).toBeLessThan(rounding);
});

test("the order of hits does not matter, nor padding among them", async () => {
  const model = modelOf();
  const rows = places(6);
  const steps = tensor(places(4), [1, 1, 4, 3]);
  const said = async (values: Float32Array, padding: number[]) => {
    const numHits = values.length / 3;
    const mask = tensor(Uint32Array.from(padding), [1, numHits], { dtype: "bool" });
    const hits = tensor(values, [1, numHits, 3]);
    return model.decode(model.encode(hits, mask), mask, steps).data();
  };
  const plain = await said(rows, [0, 0, 0, 0, 0, 0]);
  const turned = Float32Array.from([...rows.subarray(9), ...rows.subarray(0, 9)]);
  expect(farthest(plain, await said(turned, [0, 0, 0, 0, 0, 0]))).toBeLessThan(rounding);
  const padded = Float32Array.from([...rows, -1, -1, -1, 0.5, 0.5, 0.5]);
  expect(farthest(plain, await said(padded, [0, 0, 0, 0, 0, 0, 1, 1]))).toBeLessThan(rounding);
});

test("a batch has every track from its start to its stop, and says where tracks are over", async () => {
  const [sample] = eventsOf(1);
  const tracks = trackRows(sample!);
  const { steps, next, isUntaught } = sequenceBatch([sample!], { maxSteps: 30 });
  const numSteps = steps.shape[2]!;
  expect(numSteps).toBe(1 + Math.max(...tracks.map(({ length }) => length)));
  const [given, wanted, over] = [await steps.data(), await next.data(), await isUntaught.data()];
  const row = (data: ArrayLike<number>, r: number) => Array.from(data).slice(3 * r, 3 * r + 3);
  const single = (values: readonly number[]) => values.map(Math.fround);
  for (const [t, rows] of tracks.entries()) {
    const first = t * numSteps;
    expect(row(given, first)).toEqual(single(startToken));
    rows.forEach((hit, h) => {
      expect(row(given, first + h + 1)).toEqual(row(sample!.hits.features, hit));
      expect(row(wanted, first + h)).toEqual(row(sample!.hits.features, hit));
    });
    expect(row(wanted, first + rows.length)).toEqual(single(stopToken));
    const isOver = Array.from(over)
      .slice(first, first + numSteps)
      .map(Boolean);
    expect(isOver).toEqual(isOver.map((_, s) => s > rows.length));
  }
  const cut = sequenceBatch([sample!], { maxSteps: 5 });
  expect(cut.steps.shape[2]).toBe(5);
});

test("it learns to follow straight tracks", async () => {
  const samples = eventsOf(2);
  const model = modelOf();
  const losses: number[] = [];
  await train({
    model,
    optimizer: new Adam(model, { learningRate: 1e-2 }),
    batches: () => [sequenceBatch(samples, small)],
    loss: nextHitLoss,
    steps: 100,
    reportEvery: 1,
    onStep: ({ loss }) => losses.push(loss),
  });
  expect(losses.at(-1)).toBeLessThan(losses[0]! / 10);
  const events = await followEvents(model, samples);
  const sum = (of: (event: (typeof events)[number]) => number) =>
    events.reduce((total, event) => total + of(event), 0);
  expect(sum(({ followed }) => followed) / sum(({ toFollow }) => toFollow)).toBeGreaterThan(0.3);
  for (const { trackml } of events) expect(trackml).toBeGreaterThan(0.5);
});

test("a followed track keeps its seed, has no hit twice, and ends", async () => {
  const model = modelOf();
  const [sample] = eventsOf(1);
  const seeds = trackRows(sample!).map((rows) => rows.slice(0, 3));
  for (const { rows, distances } of await followTracks(model, sample!, seeds)) {
    expect(seeds).toContainEqual(rows.slice(0, 3));
    expect(new Set(rows).size).toBe(rows.length);
    expect(rows.length).toBeLessThanOrEqual(small.maxSteps);
    expect(distances).toHaveLength(rows.length);
  }
  expect(await followTracks(model, sample!, [])).toEqual([]);
});

test("more steps than it has positions for are refused, and so is a decoder without layers", () => {
  const model = modelOf();
  const memory = model.encode(tensor(places(2), [1, 2, 3]));
  expect(() => model.decode(memory, null, tensor(places(13), [1, 1, 13, 3]))).toThrow(
    "EncoderDecoder(steps): expected [B, T, S, 3] with S ≤ 12, got [1, 1, 13, 3]",
  );
  expect(() => new EncoderDecoder({ ...small, numStacks: 1 })).toThrow(ShapeError);
});
