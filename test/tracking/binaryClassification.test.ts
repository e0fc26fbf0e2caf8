import fc from "fast-check";
import { expect, test } from "vitest";
import { binaryRates, rocAuc, thresholdScan } from "../../src/tracking/index.ts";
import { expectClose } from "./helpers.ts";

/** Scores on a coarse grid, so that ties and scores at thresholds are common; NaN now and then. */
const score = fc.oneof(
  { weight: 20, arbitrary: fc.integer({ min: -1, max: 21 }).map((i) => Math.fround(i / 20)) },
  { weight: 20, arbitrary: fc.float({ min: 0, max: 1, noNaN: true }) },
  { weight: 1, arbitrary: fc.constant(Number.NaN) },
);
const samples = fc.array(fc.tuple(score, fc.constantFrom(0, 1)), { maxLength: 60 });
const unzip = (pairs: [number, number][]) => ({
  scores: pairs.map(([s]) => s),
  labels: pairs.map(([, label]) => label),
});

test("no samples have rates of 0, and no area", () => {
  const rates = binaryRates([], [], 0.5);
  expect(new Set(Object.values(rates))).toEqual(new Set([0]));
  expect(rocAuc([], [])).toBeNaN();
  expect(thresholdScan([], []).f1).toEqual({ value: 0, threshold: 0 });
});

test("one class only: its own rates are right, those of the other 0, the area undefined", () => {
  expect(binaryRates([0.2, 0.7], [1, 1], 0.5)).toMatchObject({ tpr: 0.5, tnr: 0, fpr: 0, mcc: 0 });
  expect(binaryRates([0.2, 0.7], [0, 0], 0.5)).toMatchObject({ tpr: 0, tnr: 0.5, fnr: 0, f1: 0 });
  for (const label of [0, 1]) {
    expect(rocAuc([0.2, 0.7], [label, label])).toBeNaN();
    expect(rocAuc([0.2, 0.7], [label, label], { maxFpr: 0.1 })).toBeNaN();
  }
});

test("NaN is a yes at any threshold", () => {
  expect(binaryRates([Number.NaN], [0], 2).numPredictedTrue).toBe(1);
  expect(rocAuc([Number.NaN, 5, 1], [1, 0, 0])).toBe(1);
  expect(rocAuc([Number.NaN, 5, 1], [0, 1, 0])).toBe(0.5);
});

test("a score at the threshold is a yes, also where 0.9 is not an f32 number", () => {
  expect(binaryRates(Float32Array.of(0.9), [1], 0.9).tpr).toBe(1);
});

test("only labels whose integer part is 1 are true", () => {
  expect(binaryRates([1, 1, 1, 1], [1, 1.7, 2, -1], 0.5).numTrue).toBe(2);
});

test("a million samples do not overflow the correlation", () => {
  const labels = Uint8Array.from({ length: 1_000_000 }, (_, e) => e % 2);
  expect(binaryRates(labels, labels, 0.5).mcc).toBe(1);
});

test("rates do not depend on the order of samples, and lie between 0 and 1", () => {
  fc.assert(
    fc.property(samples, fc.float({ min: 0, max: 1, noNaN: true }), (pairs, threshold) => {
      const { scores, labels } = unzip(pairs);
      const rates = binaryRates(scores, labels, threshold);
      const other = unzip(pairs.toReversed());
      expect(binaryRates(other.scores, other.labels, threshold)).toEqual(rates);
      expect(rocAuc(other.scores, other.labels)).toBe(rocAuc(scores, labels));
      for (const name of ["accuracy", "tpr", "tnr", "fpr", "fnr", "f1"] as const) {
        expect(rates[name]).toBeGreaterThanOrEqual(0);
        expect(rates[name]).toBeLessThanOrEqual(1);
      }
      expect(Math.abs(rates.mcc)).toBeLessThanOrEqual(1 + 1e-12); // a root is rounded
    }),
  );
});

test("the scan finds what trying every threshold finds, the first of the best", () => {
  fc.assert(
    fc.property(samples, fc.integer({ min: 2, max: 30 }), (pairs, numThresholds) => {
      const { scores, labels } = unzip(pairs);
      const scan = thresholdScan(scores, labels, { numThresholds });
      const tried = Array.from({ length: numThresholds }, (_, t) => {
        const threshold = Math.fround(t / (numThresholds - 1));
        return { threshold, ...binaryRates(scores, labels, threshold) };
      });
      for (const name of ["balancedAccuracy", "f1", "mcc"] as const) {
        const value = Math.max(...tried.map((rates) => rates[name]));
        const { threshold } = tried.find((rates) => rates[name] === value)!;
        expect(scan[name]).toEqual({ value, threshold });
      }
      const gaps = tried.map(({ tpr, tnr }) => Math.abs(tpr - tnr));
      const { threshold, balancedAccuracy } = tried[gaps.indexOf(Math.min(...gaps))]!;
      expect(scan.crossing).toEqual({ value: balancedAccuracy, threshold });
    }),
  );
});

test("the area is the chance that a true sample scores above a false one, ties counting half", () => {
  fc.assert(
    fc.property(samples, (pairs) => {
      const { scores, labels } = unzip(pairs);
      const of = (label: number) =>
        pairs.filter((pair) => pair[1] === label).map(([s]) => (Number.isNaN(s) ? Infinity : s));
      const wins = of(1).flatMap((a) => of(0).map((b) => (a > b ? 1 : a === b ? 0.5 : 0)));
      const expected = wins.reduce<number>((sum, win) => sum + win, 0) / wins.length;
      expectClose([rocAuc(scores, labels)], [expected], 1e-12, "area"); // 1e-12: sums
    }),
  );
});

test("a partial area is 1 for perfect scores, ½ for constant ones, and continuous in its limit", () => {
  expect(rocAuc([0.1, 0.2, 0.8], [0, 0, 1], { maxFpr: 0.01 })).toBe(1);
  expect(rocAuc([0.5, 0.5, 0.5], [0, 0, 1], { maxFpr: 0.01 })).toBeCloseTo(0.5, 12);
  const [scores, labels] = [
    [0.9, 0.8, 0.7, 0.6],
    [1, 0, 1, 0],
  ];
  const justBelow = rocAuc(scores, labels, { maxFpr: 0.5 - 1e-9 });
  expect(justBelow).toBeCloseTo(rocAuc(scores, labels, { maxFpr: 0.5 }), 6);
  expect(rocAuc(scores, labels, { maxFpr: 1 })).toBe(rocAuc(scores, labels));
});

test("says what is wrong with its arguments", () => {
  expect(() => binaryRates([1], [], 0.5)).toThrow(
    "confusion(labels): expected [1], like scores, got [0]",
  );
  expect(() => rocAuc([1], [1], { maxFpr: 0 })).toThrow("rocAuc(maxFpr): expected 0 < maxFpr ≤ 1");
  expect(() => thresholdScan([1], [1], { numThresholds: 1 })).toThrow("expected an integer ≥ 2");
});
