/** EggNet on events of other detectors, which come as files of columns. */
import { describe, expect, test } from "vitest";
import {
  cutEvent,
  eggnetInputs,
  eggnetTruth,
  hitColumn,
  isTargetHit,
  ratesInBins,
} from "../../models/index.ts";
import type { HostTensor } from "../../src/engine/formats/hostTensor.ts";
import {
  type Conditions,
  isColumnsFile,
  philoxStream,
  readColumnsFile,
  rotateEvent,
} from "../../src/tracking/index.ts";
import { useDevice } from "../helpers/backends.ts";
import { columnsFile } from "../helpers/columnsFile.ts";

useDevice("js");

const itk = [
  "r",
  "phi",
  "z",
  "eta",
  ...["x", "y", "z"].flatMap((k) => [1, 2].map((c) => `cluster_${k}_${c}`)),
];
const names = itk.map((name) => `hit_${name}`);
const scales = [1000, Math.PI, 1000, 1, ...new Array<number>(6).fill(1000)];
const { bytes, tracks, numHits } = columnsFile(4);
const event = readColumnsFile(bytes, "folder/file.safetensors");
const cut = (conditions: Conditions, options = {}) =>
  cutEvent(event, { conditions, minNodes: 1, rng: philoxStream(1, [0, 1]), ...options });

test("is read with its places, particles and further columns", () => {
  expect(isColumnsFile(bytes, "file")).toBe(true);
  expect([event.name, event.numHits, event.numParticles]).toEqual(["event4", numHits, 8]);
  const phi = hitColumn(event, "hit_phi");
  for (let hit = 0; hit < numHits; hit++)
    expect(Math.atan2(event.hits.y[hit], event.hits.x[hit])).toBeCloseTo(Number(phi[hit]), 6);
  expect(hitColumn(event, "hit_x")).toEqual(event.hits.x); // a coordinate that the file has not
  expect(Object.keys(event.columns!.tracks)).toEqual(["track_particle_pt"]);
});

test("the ten features of the ITk are what the network reads", async () => {
  const inputs = eggnetInputs(event, { names, scales });
  expect(inputs.shape).toEqual([numHits, 10]);
  const rows = await inputs.data();
  for (const [f, name] of names.entries())
    for (let hit = 0; hit < numHits; hit++)
      expect(rows[10 * hit + f]).toBe(Math.fround(Number(hitColumn(event, name)[hit]) / scales[f]));
});

test("true edges are those of the file, among the hits that a cut leaves", async () => {
  const edgesOf = async (of: typeof event) => {
    const { first, second } = eggnetTruth(of).trackEdges;
    const [a, b] = [await first.data(), await second.data()];
    return Array.from(a, (row, e) => [row, b[e]].map((end) => of.hits.hitId[end]).join());
  };
  const consecutive = (rows: number[]) =>
    rows.slice(1).map((row, r) => [rows[r], row].map((end) => event.hits.hitId[end]).join());
  expect(new Set(await edgesOf(event))).toEqual(new Set(tracks.flatMap(consecutive)));

  const regions = [...new Set(hitColumn(event, "hit_region") as Int32Array)].slice(0, 2);
  const inRegions = cut({ hit_region: ["in", regions] })!;
  expect(inRegions.numHits).toBeLessThan(numHits);
  expect(new Set(hitColumn(inRegions, "hit_region") as Int32Array)).toEqual(new Set(regions));
  const isLeft = new Set(inRegions.hits.hitId);
  const left = tracks
    .flatMap(consecutive)
    .filter((edge) => edge.split(",").every((id) => isLeft.has(Number(id))));
  expect(new Set(await edgesOf(inRegions))).toEqual(new Set(left));
});

describe("conditions", () => {
  const pt = hitColumn(event, "hit_particle_pt") as Float64Array;

  test("are in the units of the file, and count hits anew after the cuts", () => {
    const hard = cut({ hit_particle_pt: [500, Infinity] })!;
    expect(hard.numHits).toBe(pt.filter((mev) => mev >= 500).length); // noise has no momentum
    const slice = cut({ hit_phi: [0, Math.PI] })!;
    const particle = slice.truth!.particleIndex;
    expect(hitColumn(slice, "hit_particle_nhits")).toEqual(
      particle.map((p) => particle.filter((q) => q === p).length),
    );
    expect(
      isTargetHit(event, { hit_particle_nhits: [3, Infinity], hit_particle_pt: [500, Infinity] }),
    ).toEqual(
      Uint8Array.from(pt, (mev, hit) =>
        Number(mev >= 500 && tracks.some((rows) => rows.length > 2 && rows.includes(hit))),
      ),
    );
  });

  test("on true edges keep the hits at their ends", () => {
    const kept = cut({ track_particle_pt: [500, Infinity] })!;
    const wanted = tracks.filter((rows) => rows.length > 1 && pt[rows[0]] >= 500).flat();
    expect([...kept.hits.hitId].sort()).toEqual(wanted.map((row) => event.hits.hitId[row]).sort());
  });

  test("a slice in azimuth has as many hits as are wanted", () => {
    const options = { isSegmented: true, isWidest: true, maxNodes: 40, minNodes: 5 };
    const slice = cut({}, options)!;
    expect(slice.numHits).toBeGreaterThanOrEqual(5);
    expect(slice.numHits).toBeLessThanOrEqual(40);
  });
});

test("rates in bins of pt in GeV, whatever the file's unit", () => {
  const perfect = [Int32Array.from(event.truth!.particleIndex)];
  const counts = (ptUnit: "MeV" | "GeV") =>
    ratesInBins([event], perfect, { targets: {}, ptUnit }).pt.map(
      ({ efficiency }) => efficiency.total,
    );
  const above = (limit: number) =>
    tracks.filter(([row]) => (hitColumn(event, "hit_particle_pt") as Float64Array)[row] >= limit)
      .length;
  const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);
  expect(sum(counts("MeV"))).toBe(above(1000));
  expect(sum(counts("GeV"))).toBe(0); // all are above 50
});

type Edit = (tensors: Map<string, HostTensor>) => void;
const set =
  (name: string, row: number, value: number | bigint): Edit =>
  (tensors) =>
    tensors.get(name)!.data.fill(value as never, row, row + 1);
const without =
  (name: RegExp): Edit =>
  (tensors) => {
    for (const key of [...tensors.keys()]) if (name.test(key)) tensors.delete(key);
  };
const floatIds: Edit = (tensors) => void tensors.set("hit_id", tensors.get("hit_r")!);
const short: Edit = (tensors) =>
  void tensors.set("hit_q", { dtype: "F32", shape: [2], data: new Float32Array(2) });
const [firstId] = event.hits.hitId;

describe("refuses", () => {
  const edited = (edit: Edit) => readColumnsFile(columnsFile(4, edit).bytes, "f.safetensors");

  test.each<[what: string, Edit, message: string]>([
    ["ids that are no numbers of hits", floatIds, "f.safetensors: expected hit_id, whole numbers"],
    [
      "particles without true edges",
      without(/^track/),
      "expected track_edges, whole numbers [2, M]",
    ],
    ["no place", without(/^hit_r$/), "or hit_x, hit_y and hit_z, got no hit_r"],
    ["a place that is none", set("hit_z", 3, NaN), "finite numbers in hit_z, got NaN in row 3"],
    ["columns of another length", short, "Event.columns.hits.hit_q: expected"],
    ["edges beyond the hits", set("track_edges", 0, 9999n), "expected node rows below"],
    ["a hit twice", set("hit_id", 1, BigInt(firstId)), "expected each hit once in hit_id"],
  ])("%s", (_, edit, message) => {
    expect(() => edited(edit)).toThrow(message);
  });

  test("a column that is not there, and to turn what it does not know", () => {
    expect(() => hitColumn(event, "hit_volume_id")).toThrow(
      "hit_volume_id: expected a column of event4",
    );
    expect(() => rotateEvent(event, 0.1)).toThrow("expected an event of TrackML's columns");
  });

  test("events without truth are read, and not trained on", () => {
    const untold = edited(without(/particle|track/));
    expect(untold.truth).toBeUndefined();
    expect(() => eggnetTruth(untold)).toThrow("expected particles and truth");
  });
});
