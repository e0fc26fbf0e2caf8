import { expect, test } from "vitest";
import { atLeast, constantRate, linearWarmup, plateau, stepDecay } from "../../src/index.ts";

const rates = (schedule: (time: number) => number, count: number) =>
  Array.from({ length: count }, (_, time) => schedule(time));

test("a decay due when the warm-up ends counts, one inside it is lost", () => {
  const options = { rate: 1, factor: 0.5, period: 2 };
  const warm = (from: number) =>
    rates(linearWarmup({ rate: 1, duration: from }, stepDecay({ ...options, from })), 6);
  expect(warm(4)).toEqual([0.25, 0.5, 0.75, 1, 0.5, 0.5]); // lost: 2
  expect(warm(3)).toEqual([1 / 3, 2 / 3, 1, 1, 0.5, 0.5]); // lost: 2
  expect(warm(0)).toEqual([1, 1, 0.5, 0.5, 0.25, 0.25]);
});

test("the rate never falls below its least", () => {
  const schedule = atLeast(0.3, stepDecay({ rate: 1, factor: 0.5, period: 1 }));
  expect(rates(schedule, 4)).toEqual([1, 0.5, 0.3, 0.3]);
  expect(constantRate(0.1)(99)).toBe(0.1);
});

test("a plateau lowers the rate once per patience, and a NaN is no improvement", () => {
  const schedule = plateau({ rate: 1, factor: 0.5, patience: 1 });
  const metrics = [3, 3, Number.NaN, 2, 2, 2];
  expect(rates((time) => schedule(time, metrics), 7)).toEqual([1, 1, 1, 0.5, 0.5, 0.5, 0.25]);
});
