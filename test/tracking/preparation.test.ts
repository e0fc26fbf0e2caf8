/** Preparation of events at its edges: events of one hit, of noise alone, with equal places, with NaN. */
import { expect, test } from "vitest";
import {
  atNodes,
  cellFeatures,
  decompose,
  type EventColumns,
  featureStore,
  hitTruth,
  limitNoise,
  moduleRows,
  segmentEvent,
  selectHits,
  simulateEvent,
  splitMix,
  trackmlDetector,
  trackmlScore,
  trackmlWeights,
} from "../../src/tracking/index.ts";

const detector = trackmlDetector();
const event = simulateEvent({ seed: 2, particles: 8, noise: 0.5, detector });
const rowsWhere = (isWanted: (hit: number) => boolean) =>
  Array.from(event.hits.hitId.keys()).filter(isWanted);
const isNoise = (hit: number) => event.truth!.particleIndex[hit] === 0;
const one = selectHits(event, [rowsWhere((hit) => !isNoise(hit))[0]]);
const noise = selectHits(event, rowsWhere(isNoise));

const all = { endcaps: true, noise: true, layerwise: true };
test.each([
  ["one hit", one],
  ["noise alone", noise],
])("an event of %s has features and weights, and no true edges", (_, given) => {
  const { event: kept, modulewiseEdges, x, cellData } = featureStore(given, detector, all);
  expect([kept.numHits, modulewiseEdges!.source.length]).toEqual([given.numHits, 0]);
  expect([...x, ...cellData!].every(Number.isFinite)).toBe(true);
  expect(trackmlWeights(given, { phase: 1 }).weight.every((w) => w >= 0)).toBe(true);
  expect(trackmlScore(given.truth!.particleIndex, hitTruth(given))).toBeGreaterThanOrEqual(0);
});

test("hits that share a place and a module keep one edge a particle", () => {
  const { hits, truth } = event;
  const p = truth!.particleIndex.find((index) => index > 0)!;
  const twice = rowsWhere((hit) => truth!.particleIndex[hit] === p).slice(0, 2);
  const same = selectHits(event, twice);
  for (const column of [same.hits.x, same.hits.y, same.hits.z]) column.fill(column[0]);
  for (const column of [same.hits.volume, same.hits.layer, same.hits.module])
    column.fill(column[0]);
  expect(hits.x[twice[0]]).not.toBe(hits.x[twice[1]]); // the event itself is as it was
  const { modulewiseEdges, layerwiseEdges } = featureStore(same, detector, all);
  expect([modulewiseEdges!.source.length, layerwiseEdges!.source.length]).toEqual([0, 0]);
});

test("a hit of an unknown module, or an event without cells, is one line", () => {
  const lost = selectHits(event, [0]);
  lost.hits.module[0] = 9999;
  expect(() => moduleRows(lost, detector)).toThrow(
    /^moduleRows: expected [^\n]* \(volume \d+, [^\n]*\)$/,
  );
  const { cells: _, ...bare } = event;
  expect(() => cellFeatures({ ...bare, numHits: event.numHits } as never, detector)).toThrow(
    /^cellFeatures\(event\): expected cells/,
  );
});

test("a hit whose cells are missing has none, and no shape", () => {
  const { cells } = event;
  const without = {
    ...event,
    numHits: event.numHits,
    cells: { ...cells!, hit: cells!.hit.map((h) => h || 1) },
  };
  const [count, charge, ...shape] = cellFeatures(without as never, detector);
  expect([count, charge]).toEqual([0, 0]);
  expect(shape.slice(0, 7).every(Number.isNaN)).toBe(true);
});

const columns = (phi: number[]): EventColumns => ({
  hits: { hit_phi: Float32Array.from(phi), hit_particle_pt: Float32Array.from(phi, () => 1) },
  tracks: {},
  trackEdges: { source: [], target: [] },
});

test("a slice that no width can fill leaves the event whole, and says so", () => {
  const few = columns([0.1, Number.NaN, 3]);
  const { event: same, fits } = segmentEvent(few, { isSegmented: true, rng: () => 0.3 });
  expect(fits).toBe(false);
  expect(same).toEqual(few);
  const never = segmentEvent(few, { isSegmented: true, method: "resample", rng: splitMix(1) });
  expect(never.fits).toBe(false); // and it ended
});

test("a slice across ±π holds the hits of both sides, and no NaN", () => {
  const phi = [...Array.from({ length: 30 }, (_, i) => 3 + i / 250), -3.1, 0, Number.NaN];
  const { event: slice, fits } = segmentEvent(columns(phi), {
    isSegmented: true,
    fraction: 0.1,
    rng: () => 0.5, // around π
  });
  expect(fits).toBe(true);
  expect([...slice.hits.hit_phi].filter((value) => Number(value) < 0)).toHaveLength(1);
  expect(slice.hits.hit_phi).toHaveLength(31);
});

test("noise that is all there is goes, whatever its share", () => {
  expect(limitNoise(noise, 0.9, splitMix(1)).numHits).toBe(0);
});

test("every hit with a direction is in one part, also on the beam line", () => {
  const { x, y, z } = event.hits;
  const withBeam = { x: [...x, 0, 0], y: [...y, 0, 0], z: [...z, 100, -100] };
  const parts = decompose(withBeam);
  expect(parts.flatMap((part) => [...part]).sort((a, b) => a - b)).toEqual([...withBeam.x.keys()]);
  expect(decompose({ x: [Number.NaN], y: [0], z: [1] }).every((part) => part.length === 0)).toBe(
    true,
  );
});

test("nodes without an edge receive 0", () => {
  const given = { ends: "target", reduction: "max" } as const;
  expect([...atNodes([-3], { source: [0], target: [2] }, 4, given)]).toEqual([0, 0, -3, 0]);
});
