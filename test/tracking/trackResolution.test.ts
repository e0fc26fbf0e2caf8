import fc from "fast-check";
import { expect, test } from "vitest";
import {
  chargeFlipRate,
  matchedTracks,
  pullStatistics,
  residualStatistics,
  resolutionInBins,
  trackResiduals,
  trackResolution,
  trackTable,
} from "../../src/tracking/index.ts";

const one = { phi: [3], theta: [1], qOverPt: [0.5], d0: [0], z0: [1] };
const values = fc.array(fc.double({ min: -1e3, max: 1e3, noNaN: true }), {
  minLength: 1,
  maxLength: 80,
});

test("angles differ by the short way round", () => {
  const residual = (truth: number, reco: number) =>
    trackResiduals({ ...one, phi: [truth] }, { ...one, phi: [reco] }).phi[0];
  expect(residual(3.1, -3.1)).toBeCloseTo(2 * Math.PI - 6.2, 12);
  expect(residual(-3.1, 3.1)).toBeCloseTo(6.2 - 2 * Math.PI, 12);
  expect(residual(0, Math.PI)).toBe(-Math.PI); // π itself is left out
});

test("a track of twice the momentum is off by a relative 1, whatever its charge", () => {
  expect(trackResiduals(one, { ...one, qOverPt: [-0.25] }).relativePt[0]).toBe(1);
});

test("no tracks have no statistics", () => {
  const { phi } = trackResolution(
    { phi: [], theta: [], qOverPt: [], d0: [], z0: [] },
    { phi: [], theta: [], qOverPt: [], d0: [], z0: [] },
  );
  expect(phi).toMatchObject({ num: 0, mean: Number.NaN, half68: Number.NaN, coreNum: 0 });
  expect(chargeFlipRate([], [])).toBeNaN();
});

test("outliers are dropped from the core one round after another", () => {
  // 1000 hides 30 from the first round
  const sample = [...Array.from({ length: 40 }, (_, i) => (i % 2 ? 1 : -1)), 30, 1000];
  const { num, coreNum, coreMean, coreStd } = residualStatistics(sample);
  expect({ num, coreNum, coreMean, coreStd }).toEqual({
    num: 42,
    coreNum: 40,
    coreMean: 0,
    coreStd: 1,
  });
});

test("quantiles lie between the sorted values", () => {
  const { median, iqrSigma } = residualStatistics([4, 1, 2, 3]);
  expect(median).toBe(2.5);
  expect(iqrSigma * 1.3489795003921634).toBeCloseTo(3.25 - 1.75, 12);
  expect(residualStatistics([7])).toMatchObject({ median: 7, half68: 0, std: 0, coreNum: 1 });
});

test("statistics move with the sample and widen with it, in any order", () => {
  fc.assert(
    fc.property(values, fc.integer({ min: -50, max: 50 }), (sample, shift) => {
      const before = residualStatistics(sample);
      const after = residualStatistics(sample.toReversed().map((value) => 2 * value + shift));
      const expectNear = (a: number, b: number) => expect(Math.abs(a - b)).toBeLessThan(1e-8);
      for (const name of ["mean", "median"] as const)
        expectNear(after[name], 2 * before[name] + shift);
      for (const name of ["std", "iqrSigma", "half68"] as const)
        expectNear(after[name], 2 * before[name]);
      expect(before.std).toBeGreaterThanOrEqual(before.coreStd - 1e-9); // rounding
      expect(before.coreNum).toBeLessThanOrEqual(sample.length);
    }),
  );
});

test("a pull is a residual in units of its error", () => {
  expect(pullStatistics([1, -2], [1, 2])).toMatchObject({ mean: 0, std: 1 });
});

test("bins include their lower end, and errors of widths fall with the number of tracks", () => {
  const [first, second] = resolutionInBins([1, -1, 5, 9], [0, 0.5, 1, 3], [0, 1, 2]);
  expect(first).toMatchObject({ low: 0, high: 1, statistics: { num: 2, std: 1 }, stdError: 0.5 });
  expect(second).toMatchObject({ statistics: { num: 1, mean: 5 }, stdError: 0 });
});

test("a track that bends the wrong way is a charge flip", () => {
  expect(chargeFlipRate([1, -1, 0.1, -2], [2, -3, -0.1, -1])).toBe(0.25);
});

test("tracks are matched by double majority, and noise matches nothing", () => {
  const particle = [1, 1, 1, 2, 2, 0, 0];
  const table = trackTable([4, 4, 5, 5, 5, 6, 6], { particle, weight: particle.map(() => 1) });
  expect(matchedTracks(table)).toEqual({
    track: Float64Array.of(4, 5),
    particle: Float64Array.of(1, 2),
  });
});

test("says what is wrong with its arguments", () => {
  expect(() => trackResolution(one, { ...one, z0: [] })).toThrow(
    "trackResolution(reco.z0): expected [1], like truth.phi, got [0]",
  );
  expect(() => residualStatistics([0, Number.NaN])).toThrow(
    "residualStatistics: expected finite numbers, got NaN at 1 (leave it out)",
  );
  expect(() => pullStatistics([1], [])).toThrow("pullStatistics(sigma): expected [1]");
  expect(() => resolutionInBins([1], [], [0, 1])).toThrow("resolutionInBins(values): expected [1]");
});
