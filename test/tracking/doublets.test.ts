import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  consecutiveEdges,
  doublets,
  learnModulePairs,
  learnModuleTriplets,
  type ModuleTruth,
  modulePairEdges,
  moduleTripletEdges,
  pixelHits,
  pixelLabels,
  pixelLayers,
} from "../../src/tracking/index.ts";

/** Evenly spread, which doubles of fast-check are not. */
const even = (min: number, max: number) =>
  fc.integer({ min: 0, max: 10_000 }).map((i) => min + ((max - min) * i) / 10_000);
const wrap = (angle: number) => Math.atan2(Math.sin(angle), Math.cos(angle));
const keysOf = ({ source, target }: { source: ArrayLike<number>; target: ArrayLike<number> }) =>
  Array.from(source, (s, e) => `${target[e]} ${s}`);

describe("doublets", () => {
  const hits = fc.array(
    fc.record({
      layer: fc.integer({ min: 0, max: 3 }),
      r: even(30, 200),
      phi: even(-Math.PI, Math.PI),
      z: even(-600, 600),
    }),
    { maxLength: 40 },
  );
  const pairs = [
    { inner: 0, outer: 1 },
    { inner: 1, outer: 2, unless: { radius: 100, halfLength: 200 } },
    { inner: 0, outer: 3 },
  ];
  const below = (max: number) => even(0.1, max);
  const cuts = fc.record(
    {
      maxPhiSlope: fc.constantFrom(0.001, 0.01, 0.1),
      maxZ0: below(2000),
      maxDeltaEta: below(3),
      maxDeltaR: below(4),
    },
    { requiredKeys: [] },
  );

  test("are the pairs that all cuts leave, by target, then source", () => {
    fc.assert(
      fc.property(hits, cuts, (list, limits) => {
        const columns = {
          layer: list.map((h) => h.layer),
          r: list.map((h) => h.r),
          phi: list.map((h) => h.phi),
          z: list.map((h) => h.z),
        };
        const expected: string[] = [];
        for (const [t, b] of list.entries())
          for (const [s, a] of list.entries()) {
            const pair = pairs.find((p) => p.inner === a.layer && p.outer === b.layer);
            if (!pair || a.r === b.r) continue;
            const [dr, dz, dphi] = [b.r - a.r, b.z - a.z, wrap(b.phi - a.phi)];
            const z0 = a.z - (a.r * dz) / dr;
            const deta = Math.asinh(b.z / b.r) - Math.asinh(a.z / a.r);
            const at = z0 + ((pair.unless?.radius ?? 0) * dz) / dr;
            const { maxPhiSlope = 1e9, maxZ0 = 1e99, maxDeltaEta = 99, maxDeltaR = 99 } = limits;
            if (Math.abs(dphi / dr) >= maxPhiSlope || Math.abs(z0) >= maxZ0) continue;
            if (pair.unless && Math.abs(at) < pair.unless.halfLength) continue;
            if (Math.abs(deta) >= maxDeltaEta || Math.hypot(deta, dphi) >= maxDeltaR) continue;
            expected.push(`${t} ${s}`);
          }
        expect(keysOf(doublets(columns, pairs, limits))).toEqual(expected);
      }),
      { seed: 2, numRuns: 200 },
    );
  });

  test("find neighbors across ±π, and none of hits that are nowhere", () => {
    const columns = {
      layer: [0, 1, 1],
      r: [30, 70, Number.NaN],
      phi: [3.14, -3.14, 0],
      z: [0, 0, 0],
    };
    expect(keysOf(doublets(columns, pairs, { maxPhiSlope: 0.0006 }))).toEqual(["1 0"]);
    expect(keysOf(doublets({ layer: [], r: [], phi: [], z: [] }, pairs, {}))).toEqual([]);
    const turned = { layer: [0], r: [30], phi: [7], z: [0] };
    expect(() => doublets(turned, pairs, {})).toThrow("doublets(phi): expected radians");
    expect(() => doublets({ ...turned, z: [] }, pairs, {})).toThrow("doublets(z): expected [1]");
  });
});

describe("the pixel graph", () => {
  test("numbers layers from the inside out", () => {
    const layers = pixelLayers([8, 8, 9, 9, 7, 7, 13], [2, 8, 2, 14, 14, 2, 2]);
    expect([...layers]).toEqual([0, 3, 4, 10, 11, 17, -1]);
  });

  test("takes the innermost hit of a particle on each layer", () => {
    const hits = {
      layer: [0, 0, 1, 1, 0, -1],
      r: [31, 30, 70, 71, 30, 300],
      particle: [1, 1, 1, 2, 0, 1],
      pt: [2, 2, 2, 0.5, 0, 2],
    };
    expect([...pixelHits(hits)]).toEqual([1, 2]);
  });

  test("of two ways into a disk only the outer one is true", () => {
    const edges = { source: [0, 1, 0], target: [2, 2, 1] };
    expect([...pixelLabels(edges, [7, 7, 7], [0, 1, 4])]).toEqual([0, 1, 1]);
  });
});

describe("module maps", () => {
  /** Straight tracks from the beam line through rings of modules, and hits of nothing. */
  const events = fc
    .array(
      fc.record({
        phi: even(-3, 3),
        tan: even(-1, 1),
        z0: even(-50, 50),
        isNoise: fc.boolean(),
      }),
      { minLength: 1, maxLength: 12 },
    )
    .map((tracks): ModuleTruth => {
      const rows = tracks.flatMap(({ phi, tan, z0, isNoise }, t) =>
        [30, 70, 110].map((r, layer) => ({
          x: r * Math.cos(phi),
          y: r * Math.sin(phi),
          z: z0 + r * tan,
          module: 10 * layer + Math.floor(phi + 3),
          particle: isNoise ? 0 : t + 1,
          distance: r,
        })),
      );
      const column = (name: "x" | "y" | "z" | "module" | "particle" | "distance") =>
        rows.map((row) => row[name]);
      const particle = column("particle");
      const [x, y, z, module] = (["x", "y", "z", "module"] as const).map(column);
      return {
        hits: { module: module!, x: x!, y: y!, z: z! },
        edges: consecutiveEdges({ particle, distance: column("distance") }),
        particle,
      };
    });

  test("keep all edges that they were learned from, in other events too", () => {
    fc.assert(
      fc.property(events, events, fc.boolean(), (one, two, compat) => {
        const pairs = learnModulePairs([one, two]);
        const triplets = learnModuleTriplets([one, two], { compat });
        expect(pairs.reduce((sum, { count }) => sum + count, 0)).toBe(
          one.edges.source.length + two.edges.source.length,
        );
        for (const { hits, edges } of [one, two]) {
          const all = new Set(keysOf(modulePairEdges(hits, pairs)));
          expect(keysOf(edges).filter((key) => !all.has(key))).toEqual([]);
          // limits are wide open here, so only those of the same kind as learned may be asked for
          if (compat) continue;
          const joined = new Set(keysOf(moduleTripletEdges(hits, triplets)));
          expect(keysOf(edges).filter((key) => !joined.has(key))).toEqual([]);
        }
      }),
      { seed: 4 },
    );
  });

  test("are sorted, count, and leave out what is rare", () => {
    const hits = {
      module: [1, 2, 1, 2, 3],
      x: [1, 2, 1, 2, 3],
      y: [0, 0, 0, 0, 0],
      z: [0, 0, 1, 2, 3],
    };
    const truth = {
      hits,
      edges: { source: [0, 2, 3], target: [1, 3, 4] },
      particle: [1, 1, 2, 2, 2],
    };
    expect(learnModulePairs([truth]).map(({ modules, count }) => [...modules, count])).toEqual([
      [1, 2, 2],
      [2, 3, 1],
    ]);
    expect(learnModulePairs([truth], { minCount: 2 })).toHaveLength(1);
    const triplets = learnModuleTriplets([truth]);
    expect(triplets.map(({ modules }) => modules)).toEqual([[1, 2, 3]]);
    // the particle without a third hit is on the modules too, but off the line
    expect(keysOf(moduleTripletEdges(hits, triplets))).toEqual(["3 2", "4 3"]);
    // strictly inside a single value is nothing
    expect(keysOf(moduleTripletEdges(hits, triplets, { compat: true }))).toEqual([]);
    expect(() => modulePairEdges({ ...hits, z: [] }, [])).toThrow(
      "modulePairEdges(z): expected [5]",
    );
  });
});
