import fc from "fast-check";
import { expect, test } from "vitest";
import {
  clusterMetrics,
  clusterMetricsVsPt,
  Event,
  hitCountFractions,
  hitEta,
  hitNumHits,
  hitPhi,
  hitPt,
  hitsPerCluster,
  hitVertexRadius,
  matchingRatesInBins,
  partitionScores,
  pooledRates,
  simulateEvent,
  trackFormersMetrics,
  trackmlScore,
  trackmlWeights,
  trackTable,
  weightOrder,
} from "../../src/tracking/index.ts";

const ones = (n: number) => Array(n).fill(1);
const hits = (label: number[], particle: number[]) => {
  const n = label.length;
  return { label, particle, pt: ones(n), eta: Array(n).fill(0), reconstructable: ones(n) };
};

test("an event without hits has no score", () => {
  expect(trackmlScore([], { particle: [], weight: [] })).toBeNaN();
  expect(trackFormersMetrics([], { particle: [], weight: [] })).toEqual({
    trackml: Number.NaN,
    perfect: Number.NaN,
    doubleMajority: Number.NaN,
    lhc: Number.NaN,
  });
  const [rates] = clusterMetrics(hits([], []), { ptThresholds: [0] });
  expect(rates).toMatchObject({ numParticles: 0, numClusters: 0, perfect: Number.NaN });
});

test("rates lie between 0 and 1, perfect ≤ double majority, and truth itself scores 1", () => {
  const ids = fc.integer({ min: 0, max: 5 });
  const drawn = fc.array(fc.tuple(ids, ids, fc.double({ min: 0.1, max: 2 })), { minLength: 1 });
  fc.assert(
    fc.property(drawn, (rows) => {
      const particle = rows.map(([p]) => p);
      const label = rows.map(([, track]) => track - 1); // −1: in no track
      const weight = rows.map(([, , w]) => w);
      const counted = particle.map((p, h) => (p > 0 ? weight[h]! : 0));
      const total = counted.reduce((sum, w) => sum + w, 0);
      const truth = { particle, weight: counted.map((w) => (total > 0 ? w / total : 0)) };

      const found = trackFormersMetrics(label, truth);
      for (const rate of Object.values(found).filter((value) => !Number.isNaN(value))) {
        expect(rate).toBeGreaterThanOrEqual(0);
        expect(rate).toBeLessThanOrEqual(1 + 1e-12); // weights are rounded
      }
      const { perfect, doubleMajority } = clusterMetrics(hits(label, particle), {
        ptThresholds: [0],
      })[0]!;
      for (const { perfect: all, doubleMajority: most } of [found, { perfect, doubleMajority }])
        if (!Number.isNaN(most)) expect(all).toBeLessThanOrEqual(most);

      const own = particle.map((p) => p || -1);
      const hitsOf = (p: number) => particle.filter((other) => other === p).length;
      const least = Math.min(...particle.filter((p) => p > 0).map(hitsOf));
      if (total === 0 || least < 3) return; // rates leave out tracks of two hits
      expect(trackmlScore(own, truth)).toBeCloseTo(1, 12);
      expect(trackFormersMetrics(own, truth)).toMatchObject({ perfect: 1, doubleMajority: 1 });
    }),
    { seed: 6, numRuns: 300 },
  );
});

test("a tie goes to the smaller particle, and is never good", () => {
  const truth = { particle: [5, 3, 3, 5], weight: ones(4) };
  const table = trackTable([0, 0, 0, 0], truth);
  expect([table.particle[0], table.majorityHits[0]]).toEqual([3, 2]);
  expect(trackmlScore([0, 0, 0, 0], truth)).toBe(0);
});

test("hits in no track are listed one by one at the end, and earn nothing", () => {
  const truth = { particle: [2, 2, 2, 1, 2], weight: ones(5) };
  const table = trackTable([-1, 4, 4, -1, 4], truth);
  expect([...table.track]).toEqual([4, Number.NaN, Number.NaN]);
  expect([...table.particle]).toEqual([2, 1, 2]);
  expect(trackTable([-1, 4, 4, -1, 4], truth, { compat: true }).track).toEqual(Float64Array.of(4));
});

test("tracks and truth of different lengths are refused", () => {
  expect(() => trackmlScore([1], { particle: [1, 1], weight: [1, 1] })).toThrow(
    "trackTable: expected tracks, particle and weight of 2 hits, got 1, 2, 2",
  );
  expect(() => clusterMetrics({ ...hits([1], [1]), pt: [] })).toThrow(
    "clusterTable(pt): expected [1], like label, got [0]",
  );
});

test("an event without tracks scores 0, unless published behaviour is asked for", () => {
  const truth = { particle: ones(5), weight: ones(5) };
  const none = Array(5).fill(-1);
  expect(trackFormersMetrics(none, truth)).toMatchObject({
    trackml: 0,
    perfect: 0,
    lhc: Number.NaN,
  });
  expect(trackFormersMetrics(none, truth, { compat: true })).toMatchObject({ trackml: 1, lhc: 1 });
});

test("noise is no particle, unless published behaviour is asked for", () => {
  const truth = { particle: [0, 0, 0, 1, 1, 1], weight: [0, 0, 0, 1, 1, 1] };
  const tracks = [0, 0, 0, 1, 1, 1];
  expect(trackFormersMetrics(tracks, truth)).toMatchObject({
    perfect: 1,
    doubleMajority: 1,
    lhc: 0.5,
  });
  const all = [...Array(6).fill(-1), ...tracks];
  const mixed = {
    particle: [...Array(6).fill(0), ...truth.particle],
    weight: [...ones(6), ...truth.weight],
  };
  expect(trackFormersMetrics(all, mixed, { compat: true }).perfect).toBe(0.5);
});

test("one foreign hit is let pass by a perfect match of more than 100 hits", () => {
  const match = (n: number) => {
    const particle = [...ones(n), 2];
    return clusterMetrics(hits(Array(n + 1).fill(0), particle), { ptThresholds: [0] })[0].perfect;
  };
  expect([match(98), match(100)]).toEqual([0, 0.5]);
});

test("partitions that do not divide anything are homogeneous and complete", () => {
  const alone = { homogeneity: 1, completeness: 1, vMeasure: 1, adjustedRand: 1 };
  expect(partitionScores([], [])).toMatchObject(alone);
  expect(partitionScores([7], [3])).toMatchObject({ ...alone, fowlkesMallows: 0 });
});

test("cluster sizes leave noise out; shares fall with size", () => {
  const sizes = hitsPerCluster([-1, -1, -1, 0, 0, 5]);
  expect([...sizes]).toEqual([1, 1]);
  expect([...hitCountFractions(sizes).slice(0, 3)]).toEqual([1, 0.5, 0]);
  expect([...hitsPerCluster([])]).toEqual([]);
});

test("a particle cannot have more truth rows than hits", () => {
  expect(weightOrder(25, 30)).toBe(0);
  expect(() => weightOrder(5, 5)).toThrow(
    "weightOrder: expected a hit below 5, got 5 (the particle has more truth rows than hits)",
  );
});

test("hits at the same distance share their middle place, rounded down", () => {
  const numbers = (...values: number[]) => Float64Array.from(values);
  const none = new Float64Array(6);
  const ids = Uint32Array.of(1, 2, 3, 4, 5, 6);
  const hits = { hitId: ids, x: none, y: none, z: none, volume: ids, layer: ids, module: ids };
  const crossing = { tx: none, ty: none, tz: numbers(3, -3, 3, 1, 4, -4), tpx: none, tpy: none };
  const particleIndex = new Uint32Array(6).fill(1);
  const truth = {
    ...crossing,
    tpz: none,
    weight: none,
    particleIndex,
    isKnown: Uint8Array.from(ids),
  };
  const zero = numbers(0);
  const vertex = { particleType: undefined, vx: zero, vy: zero, vz: zero };
  const particles = {
    ...vertex,
    particleId: BigUint64Array.of(7n),
    index: Uint32Array.of(1),
    px: numbers(3),
    py: zero,
    pz: zero,
    q: numbers(1),
    numHits: Uint32Array.of(6),
  };
  const particleIds = BigUint64Array.of(0n, 7n);
  const event = new Event({ name: "ties", hits, particleIds, particles, truth });
  const { index, weight } = trackmlWeights(event, { phase: 1 });
  expect([...index]).toEqual([2, 2, 2, 0, 4, 4]);
  expect(weight.reduce((sum, w) => sum + w, 0)).toBeCloseTo(1, 12);
});

test("pooled rates count what the events have together", () => {
  const split = hits([0, 0, 0, 1, 1, 1, 2, 2, 2], [1, 1, 1, 2, 2, 2, 2, 2, 2]); // 2 is split
  const whole = hits([0, 0, 0], [1, 1, 1]);
  const nothing = hits([], []);
  const rates = [split, whole, nothing].map(
    (event) => clusterMetrics(event, { ptThresholds: [0] })[0]!,
  );
  const pooled = pooledRates(rates);
  expect(pooled.perfect).toMatchObject({ passed: 2, total: 3 });
  expect(pooled.lhc).toMatchObject({ passed: 4, total: 4, value: 1, high: 1 });
  expect(pooled.fakeDoubleMajority).toMatchObject({ passed: 2, total: 4 });
  const [bin] = clusterMetricsVsPt([split, whole], [0, 5]);
  expect(bin!.pooled.perfect).toEqual(pooled.perfect);
});

test("a perfect reconstruction is efficient versus everything that particles have", () => {
  const event = simulateEvent({ seed: 3, pileup: 5 });
  const particle = event.truth!.particleIndex;
  const tracks = Int32Array.from(particle, (p) => (p === 0 ? -1 : p));
  const quantities = [hitPt(event), hitEta(event), hitPhi(event), hitVertexRadius(event)];
  quantities.push(hitNumHits(event));
  for (const values of quantities) {
    const found = matchingRatesInBins(
      [{ label: tracks, particle }],
      [values],
      [-4, -1, 0, 1, 4, 10, 2000],
      { minTrackHits: 1 },
    );
    const filled = found.filter(({ numParticles }) => numParticles > 0);
    expect(filled.length).toBeGreaterThan(1);
    for (const { efficiency, fakeRate } of filled)
      expect([efficiency.value, fakeRate.value]).toEqual([1, 0]);
  }
});
