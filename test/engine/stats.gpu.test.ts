/** What a device counts: nothing is planned, compiled or kept for a new event of a known structure. */
import { expect, test } from "vitest";
import { TransformerRegressor } from "../../models/index.ts";
import { realize, type Tensor, tensor } from "../../src/index.ts";
import { useDevice } from "../helpers/backends.ts";
import { collectGarbage } from "../helpers/gc.ts";
import { randomFrom } from "../helpers/generate.ts";

const device = useDevice("webgpu");
const options = { inputs: 3, outputs: 4, numLayers: 2, width: 8, numHeads: 2, hiddenDim: 16 };

function batch(numEvents: number, numHits: number, seed: number) {
  const random = randomFrom(seed);
  const draw = (length: number, f: () => number) => Float32Array.from({ length }, f);
  const hits = tensor(draw(numEvents * numHits * 3, random), [numEvents, numHits, 3]);
  const padding = draw(numEvents * numHits, () => (random() < 0.2 ? 1 : 0));
  return { hits, mask: tensor(padding, [numEvents, numHits], { dtype: "bool" }) };
}

/** Three to warm up, then twenty others: one event, one hit, both, and random numbers of both. */
const random = randomFrom(11);
const warmUps = [
  [2, 5],
  [3, 7],
  [4, 4],
] as const;
const others = Array.from({ length: 20 }, (_, i) =>
  i < 3
    ? (
        [
          [1, 1],
          [1, 9],
          [4, 1],
        ] as const
      )[i]!
    : ([1 + Math.floor(random() * 6), 1 + Math.floor(random() * 20)] as const),
);

test("twenty batches of other sizes, after three warm-ups, create no pipeline and no plan", async () => {
  const model = new TransformerRegressor(options);
  const run = async ([numEvents, numHits]: readonly [number, number], seed: number) => {
    const { hits, mask } = batch(numEvents, numHits, seed);
    const before = device().stats();
    const y = model.forward(hits, mask);
    expect((await y.data()).every(Number.isFinite)).toBe(true);
    expect(y.shape).toEqual([numEvents, numHits, 4]);
    expect(device().stats().submits - before.submits).toBe(1);
  };
  for (const [seed, sizes] of warmUps.entries()) await run(sizes, seed);
  const warm = device().stats();
  for (const [seed, sizes] of others.entries()) await run(sizes, 10 + seed);
  const { pipelines, plans } = device().stats();
  expect({ pipelines, plans }).toEqual({ pipelines: warm.pipelines, plans: warm.plans });
});

test("several outputs are one submission, known ones are none", async () => {
  const x = tensor([1, 2, 3, 4], [2, 2]);
  const outputs = [x.exp(), x.sum({ axes: 0 }), x.sum({ axes: 1 }).exp()];
  const before = device().stats();
  await realize(outputs);
  expect(device().stats().submits - before.submits).toBe(1);
  await realize(outputs);
  expect(device().stats().submits - before.submits).toBe(1);
});

test("memory is constant over many steps when results are disposed", async () => {
  const model = new TransformerRegressor(options);
  const step = async () => {
    const { hits, mask } = batch(2, 6, 1);
    const y = model.forward(hits, mask);
    await realize([y]);
    for (const t of [y, hits, mask]) t.dispose();
  };
  await step();
  const { bytesLive, bytesPeak } = device().stats();
  for (let i = 0; i < 20; i++) await step();
  expect(device().stats()).toMatchObject({ bytesLive, bytesPeak });
});

test("memory comes back when forgotten results are collected", async () => {
  const model = new TransformerRegressor(options);
  const step = async () => {
    const { hits, mask } = batch(2, 6, 1);
    await model.forward(hits, mask).data();
  };
  await step();
  await collectGarbage();
  const { bytesLive } = device().stats();
  for (let i = 0; i < 20; i++) await step();
  await collectGarbage();
  expect(device().stats().bytesLive).toBe(bytesLive);
});

test("a chain of 1000 elementwise ops is one launch, and right", async () => {
  let x: Tensor = tensor([0.5, -1, 2]);
  for (let i = 0; i < 500; i++) x = x.mul(-1).add(i % 2 === 0 ? 1 : -2);
  const before = device().stats().launches;
  const got = await x.data();
  expect(device().stats().launches - before).toBe(1);
  // two rounds add −3: x → −x + 1 → x − 1 − 2
  expect([...got]).toEqual([0.5, -1, 2].map((v) => v - 3 * 250));
});
