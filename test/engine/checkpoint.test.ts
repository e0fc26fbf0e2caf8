import { describe, expect, test } from "vitest";
import {
  checkpoint,
  customGradient,
  type Device,
  gradients,
  Linear,
  openDevice,
  parameters,
  Rng,
  realize,
  type Tensor,
} from "../../src/index.ts";
import { gradcheck } from "../../src/testing/index.ts";
import { useDevice, withEnv } from "../helpers/backends.ts";

/** Gradients of a deep network, and the most memory that computing them took. */
async function deepGradients(
  wrapBlock: (block: (x: Tensor) => Tensor) => (x: Tensor) => Tensor,
): Promise<{ values: number[][]; peak: number }> {
  const device: Device = await openDevice({ backend: "js-f64" });
  const rng = new Rng(1);
  const layers = Array.from({ length: 12 }, () => new Linear(8, 8, rng));
  const x = rng.normal([512, 8]);
  const weights = layers.flatMap((layer) => [...parameters(layer).values()]);
  await realize([x, ...weights]);
  let y = x;
  for (let at = 0; at < layers.length; at += 4) {
    const block = layers.slice(at, at + 4);
    y = wrapBlock((t) => block.reduce((h, layer) => layer.forward(h).tanh(), t))(y);
  }
  const loss = y.square().sum();
  const found = gradients(loss, [x, ...weights]);
  await realize(found);
  const values = await Promise.all(found.map(async (gradient) => [...(await gradient.data())]));
  const peak = device.stats().bytesPeak;
  await device.close();
  return { values, peak };
}

test("checkpoint gives the same gradients, in doubles bit for bit, in less memory", async () => {
  await withEnv({ TG_VERIFY: "0" }, async () => {
    const kept = await deepGradients((block) => block);
    const recomputed = await deepGradients(checkpoint);
    expect(recomputed.values).toEqual(kept.values);
    expect(recomputed.peak).toBeLessThan(0.75 * kept.peak);
  });
});

describe("customGradient", () => {
  useDevice("js");
  const x = () => new Rng(2).uniform([5]);

  test("replaces the derivative of what it wraps", async () => {
    const rounded = customGradient(
      (t) => t.add(0.5).floor(),
      (dy) => [dy.mul(3)],
    );
    const at = x();
    const [dx] = gradients(rounded(at).sum(), [at]);
    expect([...(await dx!.data())]).toEqual([3, 3, 3, 3, 3]);
  });

  test("is differentiated again by the ops of its rule", async () => {
    const cube = customGradient(
      (t) => t.mul(t).mul(t),
      (dy, [t]) => [dy.mul(t!.square()).mul(3)],
    );
    expect(await gradcheck(cube, x())).toBeLessThan(1e-7);
    const slope = (t: Tensor) => gradients(cube(t).sum(), [t])[0]!;
    expect(await gradcheck(slope, x())).toBeLessThan(1e-7);
  });

  test("says what is wrong with a rule", () => {
    const wrong = (rule: Parameters<typeof customGradient>[1]) => {
      const at = x();
      return () => gradients(customGradient((t) => t.exp(), rule)(at).sum(), [at]);
    };
    expect(wrong(() => [])).toThrow("customGradient(rule): expected 1 gradients, got 0");
    expect(wrong((dy) => [dy.sum()])).toThrow(/expected \[5\] for input 0, got \[\]/);
  });
});

test("gradients of a checkpoint's gradients are refused", () => {
  const at = new Rng(3).uniform([4]);
  const [slope] = gradients(checkpoint((t) => t.exp().square())(at).sum(), [at]);
  expect(() => gradients(slope!.sum(), [at])).toThrow(
    "gradients: expected ops that have derivatives, got recompute",
  );
});
