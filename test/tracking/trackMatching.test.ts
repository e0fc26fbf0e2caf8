import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  majorityCounts,
  matchingRates,
  matchingRatesInBins,
  trackMatches,
} from "../../src/tracking/index.ts";

const styles = ["ATLAS", "one_way", "two_way"] as const;
const events = fc
  .array(fc.tuple(fc.integer({ min: -1, max: 6 }), fc.integer({ min: 0, max: 6 })), {
    maxLength: 60,
  })
  .map((hits) => ({ label: hits.map(([l]) => l), particle: hits.map(([, p]) => p) }));
const options = fc.record({
  style: fc.constantFrom(...styles),
  fraction: fc.constantFrom(0.5, 0.6, 0.75, 1),
  minTrackHits: fc.integer({ min: 1, max: 4 }),
});

describe("matching", () => {
  test("a perfect reconstruction finds all particles, nothing twice and nothing else", () => {
    fc.assert(
      fc.property(events, options, ({ particle }, settings) => {
        const label = particle.map((p) => (p === 0 ? -1 : 2 * p));
        const rates = matchingRates([{ label, particle }], { ...settings, minTrackHits: 1 });
        const numParticles = new Set(particle.filter((p) => p > 0)).size;
        const all = { numParticles, numFoundParticles: numParticles, numTracks: numParticles };
        expect(rates).toMatchObject({ ...all, numMatchedTracks: numParticles });
        if (numParticles === 0) return;
        expect(rates.efficiency).toMatchObject({ value: 1, high: 1 });
        expect(rates.fakeRate).toMatchObject({ value: 0, low: 0 });
        expect(rates.duplicateRate).toMatchObject({ value: 0, low: 0 });
      }),
      { seed: 1 },
    );
  });

  test("rates are counts of a plain search", () => {
    fc.assert(
      fc.property(events, options, (hits, settings) => {
        const { style, fraction, minTrackHits } = settings;
        const { label, particle } = hits;
        const among = (test: (h: number) => boolean) => label.filter((_, h) => test(h)).length;
        const isEnough = (share: number) => (fraction === 0.5 ? share > 0.5 : share >= fraction);
        const tracks = [...new Set(label)].filter(
          (l) => l >= 0 && among((h) => label[h] === l) >= minTrackHits,
        );
        const particles = [...new Set(particle)].filter((p) => p > 0);
        const shares = (l: number, p: number) => {
          const shared = among((h) => label[h] === l && particle[h] === p);
          const isPure = isEnough(shared / among((h) => label[h] === l));
          const isComplete = isEnough(shared / among((h) => particle[h] === p));
          return { isPure, isComplete };
        };
        const isMatched = (l: number, p: number) => {
          const { isPure, isComplete } = shares(l, p);
          return style === "two_way" ? isPure && isComplete : isPure;
        };
        const isFound = (l: number, p: number) => {
          const { isPure, isComplete } = shares(l, p);
          if (style === "two_way") return isPure && isComplete;
          return style === "one_way" ? isComplete : isPure;
        };
        const found = particles.filter((p) => tracks.some((l) => isFound(l, p)));
        const matched = tracks.filter((l) => particles.some((p) => isMatched(l, p)));
        const rates = matchingRates([hits], settings);
        expect(rates).toMatchObject({
          numParticles: particles.length,
          numFoundParticles: found.length,
          numTracks: tracks.length,
          numMatchedTracks: matched.length,
        });
        const { low, value, high } = rates.efficiency;
        if (particles.length > 0)
          expect(0 <= low && low <= value && value <= high && high <= 1).toBe(true);
      }),
      { seed: 2 },
    );
  });

  test("bins hold every particle and every track once", () => {
    fc.assert(
      fc.property(events, options, (hits, settings) => {
        const values = hits.particle.map((p) => p / 2);
        const bins = matchingRatesInBins([hits], [values], [0, 1, 2.5, 4], settings);
        const all = matchingRates([hits], settings);
        for (const name of ["numParticles", "numFoundParticles", "numTracks"] as const)
          expect(bins.reduce((sum, bin) => sum + bin[name], 0)).toBe(all[name]);
      }),
      { seed: 3 },
    );
  });

  test("a track of noise is a fake, unless published behavior is asked for", () => {
    const hits = { label: [0, 0, 0, 1, 1, 1, -1], particle: [0, 0, 0, 1, 1, 1, 1] };
    expect(matchingRates([hits]).fakeRate.value).toBe(0.5);
    expect(matchingRates([hits], { compat: "eggnet" }).fakeRate.value).toBe(0);
    // the hit in no track is a track of one hit
    const { numTracks } = matchingRates([hits], { compat: "acorn", minTrackHits: 1 });
    expect(numTracks).toBe(3);
  });

  test("half of a track is not a majority of it, and two thirds are two thirds", () => {
    const hits = { label: [1, 1, 1, 1], particle: [2, 2, 3, 3] };
    expect(matchingRates([hits]).numMatchedTracks).toBe(0);
    expect(majorityCounts(hits, { minTrackHits: 3, minParticleHits: 2 })).toMatchObject({
      numMatchedTracks: 2,
      numDuplicates: 0,
    });
    const thirds = { label: [1, 1, 1], particle: [2, 2, 3] };
    expect(matchingRates([thirds], { fraction: 2 / 3 }).numMatchedTracks).toBe(1);
  });

  test("events without hits or tracks have no rates", () => {
    for (const hits of [
      { label: [], particle: [] },
      { label: [-1], particle: [0] },
      { label: [Number.NaN], particle: [0] },
    ]) {
      const { efficiency, fakeRate, duplicateRate, numTracks } = matchingRates([hits]);
      expect(numTracks).toBe(0);
      for (const { value, low, high } of [efficiency, fakeRate, duplicateRate])
        expect([value, low, high]).toEqual([Number.NaN, Number.NaN, Number.NaN]);
    }
  });

  test("refuses what it cannot count", () => {
    const hits = { label: [1], particle: [1, 2] };
    expect(() => trackMatches(hits)).toThrow("trackMatches(particle): expected [1], like label");
    const one = { label: [1], particle: [1] };
    expect(() => trackMatches(one, { fraction: 0.4 })).toThrow("expected 0.5 … 1, got 0.4");
    expect(() => trackMatches(one, { style: "both" as "ATLAS" })).toThrow("got both");
    expect(() => matchingRatesInBins([one], [], [0, 1])).toThrow("expected [1] for event 0");
  });
});
