import { expect, test } from "vitest";
import { attention, gradients, Rng, realize, type Tensor, tensor } from "../../../src/index.ts";
import { openDevice } from "../../../src/node/open.ts";

const [events, hits, heads, width] = [2, 150, 3, 20]; // several blocks of queries, with edges

/** y and dL/dqkv for L = Σ w · y, in an event whose last third is padding and one without hits. */
async function both(backend: "wasm" | "js-f64"): Promise<number[][]> {
  const device = await openDevice({ backend });
  const rng = new Rng(8);
  const qkv = rng.normal([events, hits, 3, heads, width]);
  const w = rng.normal([events, hits, heads, width]);
  const padding = Array.from({ length: events * hits }, (_, i) => Number(i >= 100));
  const mask = tensor(padding, [events, hits], { dtype: "bool" });
  await realize([qkv, w]);
  const y = attention(qkv, mask);
  const [dqkv] = gradients(y.mul(w).sum(), [qkv]) as [Tensor];
  const data = [[...(await y.data())], [...(await dqkv.data())]];
  await device.close();
  return data;
}

test("attention of several blocks, and its gradient, are those of the oracle", async () => {
  const [got, wanted] = [await both("wasm"), await both("js-f64")];
  for (const [which, values] of wanted.entries()) {
    const largest = Math.max(...values.map(Math.abs));
    const errors = values.map((value, i) => Math.abs(value - got[which]![i]!));
    // scores are sums of 20 products below 20, their exponentials are off by some 20 · 2⁻²⁰ of themselves
    expect(Math.max(...errors) / largest).toBeLessThan(2e-5);
    expect(errors.every(Number.isFinite)).toBe(true);
  }
  expect(got[0]!.slice(hits * heads * width).every((y) => y === 0)).toBe(true); // every key masked
});
