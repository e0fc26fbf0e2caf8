/** Real events of `$TG_DATA` (its README states the counts); each test says so when its event is absent. */
import { describe, expect, test } from "vitest";
import {
  type Detectors,
  type Event,
  hitPt,
  hitReconstructable,
  hitTruth,
  readDetectors,
  readTrackml,
  splitMix,
  subEvents,
  trackMetrics,
  trackmlDetector,
  trackmlScore,
  trackmlWeights,
} from "../../src/tracking/index.ts";
import { dataFolder, hasEvent, openIn } from "./helpers.ts";

const small = "event000000001"; // sampled: hit ids have gaps
const barrel = "event000001000"; // first release: no particle_type, no cells
const full = "event000021000"; // truth of the pixel layers only, without crossing points

const counts = {
  [small]: { hits: 5527, cells: 18564, particles: 548, known: 5527, noise: 0.15, withHits: 468 },
  [barrel]: { hits: 53793, cells: 0, particles: 12263, known: 53793, noise: 0.235, withHits: 7948 },
  [full]: {
    hits: 125576,
    cells: 431521,
    particles: 12670,
    known: 66114,
    noise: 0.057,
    withHits: 9750,
  },
};

const events = new Map<string, Promise<Event>>();
function read(name: string): Promise<Event> {
  if (!events.has(name)) events.set(name, readTrackml(openIn(dataFolder), name));
  return events.get(name)!;
}

const needing = (name: string, title: string, run: (event: Event) => void) =>
  test(`${name} ${title}`, async (context) => {
    if (!hasEvent(name)) context.skip(`needs ${name}, absent from ${dataFolder}`);
    run(await read(name));
  });

describe.each(Object.entries(counts))("%s", (name, expected) => {
  needing(name, "has the documented number of everything", (event) => {
    const { truth, particles, cells } = event;
    const known = hitTruth(event).particle as Uint32Array;
    expect(event.numHits).toBe(expected.hits);
    expect(cells?.hit.length ?? 0).toBe(expected.cells);
    expect(particles?.index.length).toBe(expected.particles);
    expect(event.numParticles).toBe(expected.particles);
    expect(known.length).toBe(expected.known);
    expect(known.filter((p) => p === 0).length / known.length).toBeCloseTo(expected.noise, 3);
    expect(new Set(known.filter((p) => p > 0)).size).toBe(expected.withHits);
    expect(truth!.weight.every(Number.isFinite)).toBe(true);
  });
  needing(name, "scores 1 when every particle is one track", (event) => {
    const score = trackmlScore(...truthAsTracks(event));
    expect(score).toBeCloseTo(1, 12);
    const metrics = trackMetrics(
      Int32Array.from(event.truth!.particleIndex, (p) => p - 1),
      event,
    );
    expect(metrics.trackml).toBeCloseTo(1, 12);
    expect(metrics).toMatchObject({ perfect: 1, doubleMajority: 1, lhc: 1, fakeLhc: 0 });
  });
});

function truthAsTracks(event: Event) {
  const truth = hitTruth(event);
  return [truth.particle, truth] as const;
}

needing(small, "prints as one line", (event) => {
  const line = `Event ${small} 5527 hits, 18564 cells, 548 particles, truth`;
  expect(`${event}`).toBe(line);
});

needing(small, "keeps hit ids with gaps, and joins cells and truth by them", ({ hits, cells }) => {
  expect([hits.hitId[0], hits.hitId.at(-1)]).toEqual([6, 111635]);
  expect(cells!.hit[0]).toBe(0); // the first cell is of hit 6
  expect(cells!.hit.at(-1)).toBe(hits.hitId.length - 1);
});

needing(
  small,
  "has 64-bit particle ids that a double cannot hold",
  ({ particleIds, truth, hits }) => {
    const hit = hits.hitId.indexOf(31);
    expect(particleIds[truth!.particleIndex[hit]]).toBe(621497641930326016n);
    expect(particleIds.some((id) => BigInt(Number(id)) !== id)).toBe(true);
  },
);

needing(barrel, "has no particle types, and the weights of phase 1", (event) => {
  expect(event.particles!.particleType).toBeUndefined();
  const { weight } = trackmlWeights(event, { phase: 1 });
  const worst = weight.map((w, hit) => Math.abs(w / event.truth!.weight[hit] - 1));
  // the file has six digits
  expect(worst.filter((error) => error < 1e-5).length / worst.length).toBeGreaterThan(0.5);
});

needing(full, "marks strip hits as unknown and crossing points as missing", (event) => {
  const { isKnown, tx, weight } = event.truth!;
  event.hits.volume.forEach((volume, hit) => {
    if ((isKnown[hit] === 1) !== volume <= 9) expect.fail(`hit ${hit} of volume ${volume}`);
  });
  expect(tx.every(Number.isNaN)).toBe(true);
  expect(weight.reduce((sum, w) => sum + w, 0)).toBeCloseTo(1, 4);
  expect(`${event}`).toContain("truth for 66114 hits");
});

needing(full, "has 8742 particles on three pixel layers, 1564 of them above 0.9 GeV", (event) => {
  const isIn = hitReconstructable(event);
  const pt = hitPt(event);
  const found = (minPt: number) =>
    new Set(event.truth!.particleIndex.filter((_, hit) => isIn[hit] === 1 && pt[hit] >= minPt))
      .size;
  expect([found(0), found(0.9)]).toEqual([8742, 1564]);
});

needing(small, "gives sub-events of the size asked for, the same for the same seed", (event) => {
  const draw = (seed: number) => subEvents(event, { min: 10, max: 50, rng: splitMix(seed) });
  const sizes = draw(7).map((sub) => sub.numParticles);
  expect(sizes.length).toBe(5);
  expect(sizes.every((n) => n >= 10 && n <= 50)).toBe(true);
  expect(draw(7)).toEqual(draw(7));
  expect(draw(8)).not.toEqual(draw(7));
});

test("the detector has 18728 modules", async (context) => {
  const bytes = await openIn(dataFolder)("detectors.csv.gz");
  if (!bytes) return context.skip(`needs detectors.csv.gz, absent from ${dataFolder}`);
  const { volume_id, pitch_u } = await readDetectors(bytes, "detectors.csv.gz");
  expect([volume_id.length, pitch_u?.length]).toEqual([18728, 18728]);
});

test("the simulated detector has the modules of the real one", async (context) => {
  const bytes = await openIn(dataFolder)("detectors.csv.gz");
  if (!bytes) return context.skip(`needs detectors.csv.gz, absent from ${dataFolder}`);
  const [real, own] = [await readDetectors(bytes, "detectors.csv.gz"), trackmlDetector()];
  const columns = Object.keys(own).filter((name) => name !== "module_id") as (keyof Detectors)[];
  // modules of end caps are numbered otherwise, so both sides are put in one order
  const rowsOf = (table: Detectors) => {
    const key = (m: number) =>
      [table.volume_id, table.layer_id, table.cz, table.cx, table.cy].map((column) =>
        Math.round(column[m] * 50),
      ); // the file has six digits: 1e-3 mm at 100
    return Array.from(table.cx.keys(), (m) => ({ m, key: key(m) }))
      .sort((a, b) => a.key.map((k, i) => k - b.key[i]).find((d) => d !== 0) ?? 0)
      .map(({ m }) => m);
  };
  const [realRows, ownRows] = [rowsOf(real), rowsOf(own)];
  expect(own.cx.length).toBe(real.cx.length);
  for (const name of columns)
    for (let m = 0; m < realRows.length; m++) {
      const [expected, got] = [real[name]![realRows[m]], own[name]![ownRows[m]]];
      if (!(Math.abs(expected - got) < 0.01))
        expect.fail(`${name} of module ${m}: expected ${expected}, got ${got}`);
    }
});

test(`${full} takes less than 5 seconds to read`, async (context) => {
  if (!hasEvent(full)) context.skip(`needs ${full}, absent from ${dataFolder}`);
  const start = performance.now();
  await readTrackml(openIn(dataFolder), full);
  expect(performance.now() - start).toBeLessThan(5000); // takes about 1; the machine may be shared
});
