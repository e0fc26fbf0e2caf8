import { expect, test } from "vitest";
import {
  bceWithLogits,
  crossEntropyWithLogits,
  focalWithLogits,
  gradients,
  indices,
  objectCondensation,
  pairHinge,
  tensor,
} from "../../src/index.ts";
import { useDevice } from "../helpers/backends.ts";

useDevice("js");

test("cross-entropy from logits is finite where probabilities are not", async () => {
  const z = tensor([-200, 200, 0]);
  const y = tensor([1, 0, 1]);
  const loss = bceWithLogits(z, y, { reduction: "sum", positiveWeight: 3 });
  expect(await loss.item()).toBeCloseTo(600 + 200 + 3 * Math.log(2), 3);
  expect([...(await gradients(loss, [z])[0].data())]).toEqual([-3, 1, -1.5]);
});

test("weights count entries, whatever the reduction", async () => {
  const [z, y] = [tensor([0, 2]), tensor([1, 1])];
  const weights = tensor([2, 0]);
  const sum = 2 * Math.log(2);
  const of = (reduction: "mean" | "weightedMean" | "sum") =>
    bceWithLogits(z, y, { weights, reduction }).item();
  expect(await of("sum")).toBeCloseTo(sum, 6);
  expect(await of("mean")).toBeCloseTo(sum / 2, 6);
  expect(await of("weightedMean")).toBeCloseTo(Math.log(2), 6);
});

test("focal loss with gamma 0 is cross-entropy", async () => {
  const [z, y] = [tensor([0.3, -2, 5]), tensor([1, 1, 0])];
  const [focal, bce] = [focalWithLogits(z, y, { gamma: 0 }), bceWithLogits(z, y)];
  expect(await focal.item()).toBeCloseTo(await bce.item(), 6);
});

test("cross-entropy over classes", async () => {
  const logits = tensor([0, 0, 0, 500, 0, -500], [2, 3]);
  const loss = crossEntropyWithLogits(logits, indices([2, 0]), { reduction: "sum" });
  expect(await loss.item()).toBeCloseTo(Math.log(3), 6);
  const [dz] = gradients(loss, [logits]);
  const expected = [1 / 3, 1 / 3, -2 / 3, 0, 0, 0];
  for (const [i, value] of (await dz.data()).entries()) expect(value).toBeCloseTo(expected[i], 6);
  expect(() => crossEntropyWithLogits(logits, indices([1]))).toThrow(
    "crossEntropyWithLogits: expected logits [R, C] and labels [R], got [2, 3] and [1]",
  );
});

test("a mean over no pairs is 0, not NaN", async () => {
  const x = tensor([0, 3], [2, 1]);
  const pairs = { first: indices([0]), second: indices([1]) };
  const same = tensor([1], [1], { dtype: "bool" });
  expect(await pairHinge(x, pairs, same, { positiveWeight: 2 }).item()).toBe(18);
  expect(await pairHinge(x, pairs, same.not(), { margin: 4 }).item()).toBe(7);
});

test("object condensation without noise hits has no noise term", async () => {
  const parts = {
    beta: tensor([0.9, 0.1]),
    embedding: tensor([0, 0.5], [2, 1]),
    particle: indices([1, 1]),
  };
  const { noise, repulsive, coward, loss } = objectCondensation(parts, 1);
  expect(await noise.item()).toBe(0);
  expect(await repulsive.item()).toBe(0);
  expect(await coward.item()).toBeCloseTo(0.1, 6);
  expect(Number.isFinite(await loss.item())).toBe(true);
});
