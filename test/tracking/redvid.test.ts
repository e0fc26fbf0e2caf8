import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type RedvidOptions,
  readRedvid,
  redvidHits,
  redvidLayers,
  redvidParameters,
  simulateRedvid,
  writeRedvid,
} from "../../src/tracking/index.ts";

const kinds = ["linear", "curved"] as const;
const options: fc.Arbitrary<RedvidOptions> = fc.record({
  kind: fc.constantFrom(...kinds),
  seed: fc.nat(),
  tracks: fc.constantFrom([1, 1], [3, 20], [10, 50]) as fc.Arbitrary<[number, number]>,
});

describe("a simulated REDVID set", () => {
  test("is the same when it is read back", () =>
    fc.assert(
      fc.asyncProperty(options, async (given) => {
        const events = [4, 7].map((event) => simulateRedvid({ ...given, event }));
        fc.pre(events.every(({ trackId }) => trackId.length > 0));
        const text = writeRedvid(events, given.kind, redvidLayers);
        expect(text.split("\n", 1)[0].split(";")).toHaveLength(15);
        expect(await readRedvid(text, given.kind, "set.csv")).toEqual(events);
      }),
      { numRuns: 40, seed: 1 },
    ));

  test("without noise, hits lie on their curve, each on its layer", () =>
    fc.assert(
      fc.property(options, (given) => {
        const { kind, coordinates, track, layer } = simulateRedvid({ ...given, noise: [0, 0, 0] });
        const [r, theta, z] = coordinates;
        r.forEach((_, hit) => {
          const [a, b, c] = track.map((values) => values[hit]);
          expect(Math.abs(r[hit] * c - z[hit] * a)).toBeLessThan(1e-5); // rounded to 1e-6
          const t = Math.abs(z[hit] / c);
          const turned = kind === "linear" ? b : b * t;
          expect(Math.cos(theta[hit] - turned)).toBeGreaterThan(1 - 1e-9);
          const at = redvidLayers[layer![hit]] === "barrel" ? r[hit] : Math.abs(z[hit]);
          expect(Math.abs(at - Math.round(at))).toBeLessThan(2e-6);
        });
      }),
      { numRuns: 40, seed: 2 },
    ));

  test("resembles the published one: up to nine hits a track, eight on the mean", () => {
    const events = Array.from({ length: 60 }, (_, event) =>
      simulateRedvid({ kind: "linear", seed: 1, event }),
    );
    const counts = events.flatMap(({ trackId }) => {
      const hits = new Map<number, number>();
      for (const track of trackId) hits.set(track, (hits.get(track) ?? 0) + 1);
      return [...hits.values()];
    });
    const mean = counts.reduce((sum, n) => sum + n, 0) / counts.length;
    expect(Math.max(...counts)).toBe(9);
    expect(mean).toBeGreaterThan(7);
    expect(mean).toBeLessThan(9);
  });

  test("gives a regressor three numbers in and three out for each hit", () => {
    const event = simulateRedvid({ kind: "curved", seed: 2, tracks: [3, 3] });
    const [hits, targets] = [redvidHits(event), redvidParameters(event)];
    expect([hits.numFeatures, targets.numFeatures, targets.numHits]).toEqual([3, 3, hits.numHits]);
    expect(new Set(event.trackId).size).toBe(3);
    expect(Array.from(targets.features.slice(0, 3))).toEqual(
      [event.track[0][0], event.track[2][0], event.track[1][0]].map(Math.fround),
    );
  });
});

const header = "event_id;track_id;hit_r;hit_theta;hit_z;theta_d;z_d;r_d";
test.each([
  [header, /set\.csv: expected at least one hit, got none/],
  [`${header}\n0;-1;1;1;1;1;1;1`, /set\.csv line 2 column track_id: expected 0 or more, got -1/],
  [
    `${header}\n0;0;1;east;1;1;1;1`,
    /set\.csv line 2 column hit_theta: expected a finite number, got "east"/,
  ],
  [`${header}\n0;0;1;1;1;1;1`, /set\.csv line 2: expected 8 columns, got 7/],
  [header.replaceAll(";", ","), /set\.csv line 1: expected a column event_id/],
  ["", /set\.csv line 1: expected a column event_id, got ""/],
])("%j is refused in one line", async (text, message) => {
  await expect(readRedvid(text, "linear", "set.csv")).rejects.toThrow(message);
});

test("no tracks, or more at least than at most, are refused", () => {
  for (const tracks of [
    [0, 3],
    [5, 4],
    [1.5, 2],
  ] as [number, number][]) // prettier-ignore
    expect(() => simulateRedvid({ kind: "linear", seed: 1, tracks })).toThrow(
      /^simulateRedvid\(tracks\)/,
    );
});
