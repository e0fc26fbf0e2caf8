import { expect, test } from "vitest";
import { zeros } from "../../src/index.ts";
import {
  broadcastingShape,
  randomFrom,
  randomGraph,
  randomSegments,
  randomShape,
  randomTensor,
  randomView,
} from "../../src/testing/index.ts";

const times = <T>(make: (random: () => number) => T, count = 300): T[] => {
  const random = randomFrom(5);
  return Array.from({ length: count }, () => make(random));
};

test("the same seed gives the same numbers", async () => {
  const draw = () => randomTensor(randomFrom(3), [2, 4]).data();
  expect(await draw()).toEqual(await draw());
  expect(await draw()).not.toEqual(await randomTensor(randomFrom(4), [2, 4]).data());
});

test("shapes have sizes 0 and 1 among others, within the limits", () => {
  const shapes = times((random) => randomShape(random, { minRank: 1, maxRank: 3, maxSize: 5 }));
  expect(new Set(shapes.flat())).toEqual(new Set([0, 1, 2, 3, 4, 5]));
  expect(new Set(shapes.map((shape) => shape.length))).toEqual(new Set([1, 2, 3]));
  expect(times((random) => randomShape(random, { canBeEmpty: false })).flat()).not.toContain(0);
});

test("elements stay in their domain and are f32 numbers", async () => {
  const data = await randomTensor(randomFrom(1), [500], { domain: [-0.5, 40] }).data();
  expect(Math.min(...data)).toBeGreaterThanOrEqual(-0.5);
  expect(Math.max(...data)).toBeGreaterThan(20);
  expect(Math.max(...data)).toBeLessThanOrEqual(40);
  const beyond = await randomTensor(randomFrom(1), [50], { domain: [10, 20] }).data();
  expect(Math.min(...beyond)).toBeGreaterThanOrEqual(10);
  const whole = await randomTensor(randomFrom(1), [50], { domain: [0, 3], dtype: "u32" }).data();
  expect(new Set(whole)).toEqual(new Set([0, 1, 2, 3]));
});

test("views have the shape that was asked for", () => {
  for (const { shape, view } of times((random) => {
    const shape = randomShape(random);
    return { shape, view: randomView(random, shape) };
  }))
    expect(view.apply(zeros(view.base)).shape).toEqual(shape);
});

test("broadcasting shapes broadcast", () => {
  for (const { shape, from } of times((random) => {
    const shape = randomShape(random);
    return { shape, from: broadcastingShape(random, shape) };
  }))
    expect(zeros(from).expand(shape).shape).toEqual(shape);
});

test("segments are empty, huge and repeated, and exist", () => {
  const all = times((random) => randomSegments(random, 12, 4));
  expect(all.every((target) => target.every((segment) => segment < 4))).toBe(true);
  expect(all.some((target) => new Set(target).size === 1)).toBe(true);
  expect(all.some((target) => new Set(target).size === 4)).toBe(true);
  expect(randomSegments(randomFrom(1), 0, 0)).toEqual(new Uint32Array(0));
});

test("graphs compute finite numbers from the inputs that they name", async () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const random = randomFrom(seed);
    const { inputs, apply, text } = randomGraph(random);
    const y = apply(inputs.map((shape) => randomTensor(random, shape)));
    expect((await y.data()).every(Number.isFinite), text).toBe(true);
  }
});
