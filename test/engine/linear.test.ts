import { expect, test } from "vitest";
import {
  explain,
  gradients,
  linear,
  Mlp,
  mse,
  parameters,
  Rng,
  realize,
  ShapeError,
  valueAndGrad,
  zeros,
} from "../../src/index.ts";
import { useDevice } from "../helpers/backends.ts";

useDevice("js");

test("three layers take three launches forward, and five backward", async () => {
  const rng = new Rng(1);
  const mlp = new Mlp({ sizes: [64, 256, 256, 1], rng });
  const [x, target] = [rng.uniform([50, 64]), rng.uniform([50, 1])];
  await realize([x, target, ...parameters(mlp).values()]);
  const { value, grads } = valueAndGrad(mlp, (model) => mse(model.forward(x), target));
  const { launches } = await explain([value, ...grads.values()]);
  const ofLayers = launches.filter(({ members }) => /matmul|linear/.test(members.join()));
  expect(ofLayers.map(({ label }) => label)).toEqual([
    ...["matmul+relu", "matmul+relu", "matmul+mul"],
    ...["linearGradient", "matmul+select"],
    ...["linearGradient", "matmul+select"],
    "linearGradient",
  ]);
  expect((await explain([mlp.forward(x)])).launches).toHaveLength(3);
});

test("layers without rows, inputs or outputs have gradients of the parameters' shapes", async () => {
  for (const [rows, inputs, outputs] of [
    [0, 3, 2],
    [3, 0, 2],
    [3, 2, 0],
  ]) {
    const operands = [zeros([rows, inputs]), zeros([outputs, inputs]), zeros([outputs])];
    const [x, weight, bias] = operands;
    const found = gradients(linear(x, weight, bias).sum(), operands);
    await realize(found);
    expect(found.map(({ shape }) => shape)).toEqual(operands.map(({ shape }) => shape));
    expect([...(await found[2].data())]).toEqual(Array.from({ length: outputs }, () => rows));
  }
});

test("operands that do not fit are named", () => {
  const [weight, bias] = [zeros([4, 3]), zeros([4])];
  expect(() => linear(zeros([5, 2]), weight, bias)).toThrow(
    new ShapeError("linear: expected x […, R, I] and weight [O, I], got [5, 2] and [4, 3]"),
  );
  expect(() => linear(zeros([5, 3]), weight, zeros([3]))).toThrow(
    new ShapeError("linear(bias): expected [4], got [3]"),
  );
});
