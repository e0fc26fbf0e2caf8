/** Attention of several blocks of queries, with everything that it may have, against the oracle. */
import { expect, test } from "vitest";
import {
  attention,
  crossAttention,
  gradients,
  Rng,
  realize,
  type Tensor,
  tensor,
} from "../../../src/index.ts";
import { openDevice } from "../../../src/node/open.ts";

const [hits, heads, width] = [150, 3, 20]; // several blocks of queries, with edges

type Sample = (rng: Rng) => [y: Tensor, ...parameters: Tensor[]];

/** y and dL/dparameters for L = Σ w · y. */
async function resultsOn(backend: "wasm" | "js-f64", sample: Sample): Promise<number[][]> {
  const device = await openDevice({ backend });
  const rng = new Rng(8);
  const [y, ...parameters] = sample(rng);
  const w = rng.normal(y.shape);
  await realize([w, ...parameters]);
  const results = [y, ...gradients(y.mul(w).sum(), parameters)] as Tensor[];
  const data: number[][] = [];
  for (const result of results) data.push([...(await result.data())]);
  await device.close();
  return data;
}

async function compare(sample: Sample): Promise<number[]> {
  const [got, wanted] = [await resultsOn("wasm", sample), await resultsOn("js-f64", sample)];
  for (const [which, values] of wanted.entries()) {
    const largest = Math.max(...values.map(Math.abs));
    const errors = values.map((value, i) => Math.abs(value - got[which]![i]!));
    // scores are sums of 20 products below 20, their exponentials are off by some 20 · 2⁻²⁰ of themselves
    expect(Math.max(...errors) / largest, `result ${which}`).toBeLessThan(2e-5);
    expect(errors.every(Number.isFinite)).toBe(true);
  }
  return got[0]!;
}

test("of an event whose last third is padding, and one without hits", async () => {
  const y = await compare((rng) => {
    const qkv = rng.normal([2, hits, 3, heads, width]);
    const padding = Array.from({ length: 2 * hits }, (_, i) => Number(i >= 100));
    return [attention(qkv, tensor(padding, [2, hits], { dtype: "bool" })), qkv];
  });
  expect(y.slice(hits * heads * width).every((value) => value === 0)).toBe(true); // every key masked
});

// empty events, events of one hit, and of several blocks, none of which begins where a block does
const begins = [0, 0, 1, 2, 71, 71, 134, 145, 146, 211, 212, 212];
const numHits = begins.at(-1)!;
const offsets = () => tensor(begins, [begins.length], { dtype: "u32" });
const masked = () =>
  tensor(
    Array.from({ length: numHits }, (_, i) => Number(i % 7 === 3)),
    [1, numHits],
    { dtype: "bool" },
  );

test("of events in one list", async () => {
  await compare((rng) => {
    const qkv = rng.normal([1, numHits, 3, heads, width]);
    return [attention(qkv, null, { offsets: offsets() }), qkv];
  });
});

test("of events in one list, with mask and dropout", async () => {
  await compare((rng) => {
    const qkv = rng.normal([1, numHits, 3, heads, width]);
    const dropout = { probability: 0.3, rng };
    return [attention(qkv, masked(), { offsets: offsets(), dropout }), qkv];
  });
});

test("of queries, keys and values apart, with bias, mask, events and dropout", async () => {
  await compare((rng) => {
    const [q, k, v] = [0, 1, 2].map(() => rng.normal([1, numHits, heads, width])) as Three;
    const bias = rng.normal([1, 1, numHits, numHits]);
    const dropout = { probability: 0.3, rng };
    const options = { mask: masked(), bias, offsets: offsets(), dropout };
    return [crossAttention(q, k, v, options), q, k, v];
  });
});
type Three = [Tensor, Tensor, Tensor];

test("of other keys than queries, with bias per head and dropout", async () => {
  await compare((rng) => {
    const q = rng.normal([2, 70, heads, width]);
    const [k, v] = [0, 1].map(() => rng.normal([2, 33, heads, width])) as [Tensor, Tensor];
    const bias = rng.normal([1, heads, 70, 33]);
    return [crossAttention(q, k, v, { bias, dropout: { probability: 0.1, rng } }), q, k, v];
  });
});
