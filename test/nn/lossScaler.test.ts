import { expect, test } from "vitest";
import {
  Adam,
  LossScaler,
  Mlp,
  mse,
  parameters,
  Rng,
  realize,
  valueAndGrad,
} from "../../src/index.ts";
import { useDevice } from "../helpers/backends.ts";
import { bitsOf } from "./tinyTraining.ts";

useDevice("js");
const x = new Rng(2).uniform([16, 3]);
const y = new Rng(3).uniform([16, 1]).mul(1000); // its gradients are some hundreds

/** Steps of a model whose hidden values are stored as f16; `scaler` may be left out. */
async function trained(steps: number, scaler?: LossScaler) {
  const model = new Mlp({ sizes: [3, 8, 1], rng: new Rng(1) });
  const optimizer = new Adam(model);
  await realize([...parameters(model).values()]);
  let skipped = 0;
  for (let step = 0; step < steps; step++) {
    const loss = (m: Mlp) => mse(m.forward(x.cast("f16").cast("f32")), y);
    const { value, grads } = valueAndGrad(model, (m) => scaler?.scaleUp(loss(m)) ?? loss(m));
    const found = scaler ? await scaler.unscale(grads) : grads;
    if (found) optimizer.update(found);
    else skipped++;
    await value.item();
  }
  return { model, skipped };
}

test("scaling by a power of two changes no bit of a training", async () => {
  const [plain, scaled] = [await trained(4), await trained(4, new LossScaler())];
  expect(scaled.skipped).toBe(0);
  expect(await bitsOf(scaled.model)).toEqual(await bitsOf(plain.model));
});

test("a step that overflows is skipped and halves the scale; the others count as if it had not been", async () => {
  const scaler = new LossScaler({ scale: 2 ** 127 * 1.5 });
  const { model, skipped } = await trained(12, scaler);
  expect(skipped).toBeGreaterThan(0);
  expect(skipped).toBeLessThan(12);
  expect(scaler.scale).toBe(2 ** (127 - skipped) * 1.5);
  const values = Object.values(await bitsOf(model)).flat();
  expect(values.every(Number.isFinite)).toBe(true);
});

test("the scale doubles after as many good steps as it is told", async () => {
  const scaler = new LossScaler({ scale: 8, growthInterval: 3 });
  await trained(7, scaler);
  expect(scaler.scale).toBe(32);
});
