/** Replays `f_cell_features*` and `f_event_*` of `$TG_FIXTURES/exatrkx`: from event and geometry to features. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readSafetensors } from "../../src/engine/formats/safetensors.ts";
import {
  cellFeatureNames,
  cellFeatures,
  type Detectors,
  Event,
  featureStore,
  indexParticles,
} from "../../src/tracking/index.ts";
import { expectClose, fixtures, type Json } from "./helpers.ts";

const tolerance = 1e-5; // the folder's README, for float32

const folder = join(fixtures, "exatrkx");
const cellFiles = (existsSync(folder) ? readdirSync(folder) : []).filter((name) =>
  /^f_cell_features.*\.json$/.test(name),
);
if (cellFiles.length === 0)
  test("f_cell_features: absent", () => console.info(`no f_cell_features in ${folder}`));
for (const name of cellFiles)
  describe(`exatrkx/${name}`, () => fewHits(JSON.parse(readFileSync(join(folder, name), "utf8"))));

function fewHits({ columns, hits }: Json): void {
  test("cell features", () => {
    expect(columns).toEqual(cellFeatureNames);
    const column = (of: (hit: Json) => number) => hits.map(of);
    const event = new Event({
      name: "few hits",
      hits: {
        hitId: Uint32Array.from(column((h) => h.hit_id)),
        x: Float64Array.from(column((h) => h.xyz[0])),
        y: Float64Array.from(column((h) => h.xyz[1])),
        z: Float64Array.from(column((h) => h.xyz[2])),
        volume: Uint32Array.from(column((h) => h.volume_id)),
        layer: Uint32Array.from(column((h) => h.layer_id)),
        module: Uint32Array.from(column((h) => h.module_id)),
      },
      cells: cellsOf(
        hits.flatMap((hit: Json, row: number) => hit.cells.map((c: Json) => ({ ...c, row }))),
      ),
    });
    const geometry = hits.map((h: Json) => ({
      volume_id: h.volume_id,
      layer_id: h.layer_id,
      module_id: h.module_id,
      ...h.module,
    }));
    const found = cellFeatures(event, detectorsOf(geometry));
    const expected = hits.flatMap((h: Json) => columns.map((name: string) => h.expected[name]));
    expectClose(found, expected, tolerance, "cell features");
  });
}

function cellsOf(cells: { row: number; ch0: number; ch1: number; value: number }[]) {
  return {
    hit: Uint32Array.from(cells, ({ row }) => row),
    ch0: Uint32Array.from(cells, ({ ch0 }) => ch0),
    ch1: Uint32Array.from(cells, ({ ch1 }) => ch1),
    value: Float64Array.from(cells, ({ value }) => value),
  };
}

/** A table of modules; columns that do not matter here are 0. */
function detectorsOf(rows: Record<string, number>[]): Detectors {
  const zero = { cx: 0, cy: 0, cz: 0 };
  const ids = ["volume_id", "layer_id", "module_id"];
  const columns = Object.keys({ ...zero, ...rows[0] }).map((name) => {
    const values = rows.map((row) => row[name] ?? 0);
    return [name, ids.includes(name) ? Uint32Array.from(values) : Float64Array.from(values)];
  });
  return Object.fromEntries(columns);
}

const summary = join(folder, "f_event_summary.json");
const inputs = join(folder, "f_event_inputs.safetensors");
type Tensors = ReturnType<typeof tensorsIn>;
const tensorsIn = (path: string) => readSafetensors(readFileSync(path), path).tensors;

if (!existsSync(summary) || !existsSync(inputs))
  test("f_event: absent", () => console.info(`no f_event_summary or f_event_inputs in ${folder}`));
else
  describe("exatrkx/f_event", () => {
    const { event, detectors, moduleRow } = readInputs(tensorsIn(inputs));
    const cases = Object.entries<Json>(JSON.parse(readFileSync(summary, "utf8")));
    test.each(cases)("%s", (name, { options: { min_pt, ...options } }) => {
      const want = tensorsIn(join(folder, `f_event_${name}.safetensors`));
      const minPt = min_pt === null ? {} : { minPt: min_pt };
      const store = featureStore(event, detectors, { ...options, ...minPt, compat: true });
      const { hits, truth, particleIds } = store.event;
      const column = (key: string) => Array.from(want.get(key)!.data as ArrayLike<number>, Number);
      expect([...hits.hitId]).toEqual(column("hid"));
      expectClose(store.x, column("x"), tolerance, "x");
      expectClose(store.pt, column("pt"), tolerance, "pt");
      expectClose(store.cellData!, column("cell_data"), tolerance, "cell_data");
      expect(Array.from(store.modules, (row) => moduleRow[row])).toEqual(column("modules"));
      expectClose(truth!.weight, column("hit_weights"), tolerance, "hit_weights");
      expectClose(store.edgeWeights!, column("edge_weights"), tolerance, "edge_weights");
      const ids = Array.from(truth!.particleIndex, (p) => Number(particleIds[p]));
      const pid = want.get("pid") ? column("pid") : column("pid_float64_as_stored");
      const isNoise = column("pid_is_nan");
      expect(ids).toEqual(pid.map((id, hit) => (isNoise[hit] ? 0 : id)));
      for (const kind of ["modulewise", "layerwise"] as const) {
        const stored = want.has(`${kind}_true_edges`) ? column(`${kind}_true_edges`) : undefined;
        const edges = store[`${kind}Edges`];
        const flat = edges && [...Array.from(edges.source), ...Array.from(edges.target)];
        expect(flat).toEqual(stored);
      }
    });
  });

function readInputs(tensors: Tensors) {
  const rowsOf = (name: string): number[][] => {
    const { data, shape } = tensors.get(name)!;
    const width = shape[1];
    const flat = Array.from(data as ArrayLike<number>, Number);
    return Array.from({ length: shape[0] }, (_, i) => flat.slice(i * width, (i + 1) * width));
  };
  const idsOf = (name: string) => BigUint64Array.from(tensors.get(name)!.data as BigInt64Array);
  const f64 = (rows: number[][], c: number) => Float64Array.from(rows, (row) => row[c]);
  const u32 = (rows: number[][], c: number) => Uint32Array.from(rows, (row) => row[c]);
  const [places, xyz] = [rowsOf("hits.id_vol_layer_module"), rowsOf("hits.xyz")];
  const [truth, kinematics] = [rowsOf("truth.tp_xyz_weight"), rowsOf("particles.vxyz_pxyz")];
  const charges = rowsOf("particles.q_nhits");
  const [truthIds, particleId] = [idsOf("truth.particle_id"), idsOf("particles.particle_id")];
  const { particleIds, indexOf } = indexParticles([truthIds, particleId]);
  const truthRow = new Map(
    Array.from(tensors.get("truth.hit_id")!.data as Int32Array, (id, r) => [id, r]),
  );
  const order = places.map(([id]) => truthRow.get(id)!);
  const ofTruth = (c: number) => Float64Array.from(order, (row) => truth[row][c]);
  const hitRow = new Map(places.map(([id], row) => [id, row]));
  const values = tensors.get("cells.value")!.data as Float32Array;
  const unknown = new Float64Array(places.length).fill(Number.NaN);
  const event = new Event({
    name: "inputs",
    hits: {
      hitId: u32(places, 0),
      x: f64(xyz, 0),
      y: f64(xyz, 1),
      z: f64(xyz, 2),
      volume: u32(places, 1),
      layer: u32(places, 2),
      module: u32(places, 3),
    },
    cells: cellsOf(
      rowsOf("cells.hit_ch0_ch1").map(([id, ch0, ch1], c) => ({
        row: hitRow.get(id)!,
        ch0,
        ch1,
        value: values[c],
      })),
    ),
    particleIds,
    particles: {
      particleId,
      index: Uint32Array.from(Array.from(particleId, (id) => indexOf(id)!)),
      particleType: undefined,
      vx: f64(kinematics, 0),
      vy: f64(kinematics, 1),
      vz: f64(kinematics, 2),
      px: f64(kinematics, 3),
      py: f64(kinematics, 4),
      pz: f64(kinematics, 5),
      q: f64(charges, 0),
      numHits: u32(charges, 1),
    },
    truth: {
      isKnown: new Uint8Array(places.length).fill(1),
      particleIndex: Uint32Array.from(order, (row) => indexOf(truthIds[row])!),
      tx: unknown,
      ty: unknown,
      tz: unknown,
      tpx: ofTruth(0),
      tpy: ofTruth(1),
      tpz: ofTruth(2),
      weight: ofTruth(3),
    },
  });
  const [modules, numbers] = [
    rowsOf("geometry.row_vol_layer_module"),
    rowsOf("geometry.rot9_t_pitchu_pitchv"),
  ];
  const axes = [
    "rot_xu",
    "rot_xv",
    "rot_xw",
    "rot_yu",
    "rot_yv",
    "rot_yw",
    "rot_zu",
    "rot_zv",
    "rot_zw",
  ];
  const named = [...axes, "module_t", "pitch_u", "pitch_v"];
  const geometry = modules.map(([, volume_id, layer_id, module_id], m) => ({
    volume_id,
    layer_id,
    module_id,
    ...Object.fromEntries(named.map((name, c) => [name, numbers[m][c]])),
  }));
  return { event, detectors: detectorsOf(geometry), moduleRow: modules.map(([row]) => row) };
}
