/** Replays `f_event_*` of `$TG_FIXTURES/exatrkx`: true edges and their weights of prepared events. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readSafetensors } from "../../src/engine/formats/safetensors.ts";
import {
  edgeWeights,
  layerwiseEdges,
  modulewiseEdges,
  vertexDistances,
} from "../../src/tracking/index.ts";
import { expectClose, fixtures } from "./helpers.ts";

const folder = join(fixtures, "exatrkx");
const files = existsSync(folder) ? readdirSync(folder) : [];
const events = files.filter(
  (name) => /^f_event_.*\.safetensors$/.test(name) && !/_inputs/.test(name),
);
const inputs = join(folder, "f_event_inputs.safetensors");

type Tensors = ReturnType<typeof tensorsOf>;
const tensorsOf = (path: string) => readSafetensors(readFileSync(path), path).tensors;
const listOf = (tensors: Tensors, name: string): number[] =>
  Array.from(tensors.get(name)!.data as ArrayLike<number | bigint>, Number);
const rowsOf = (tensors: Tensors, name: string, width: number): number[][] => {
  const flat = listOf(tensors, name);
  return Array.from({ length: flat.length / width }, (_, i) =>
    flat.slice(i * width, (i + 1) * width),
  );
};

/** The hits of an expected event in its order, with what the inputs know of them. */
function hitsOf(known: Tensors, hitIds: readonly number[]) {
  const ids = [...(known.get("truth.particle_id")!.data as BigInt64Array)];
  const particles = [...(known.get("particles.particle_id")!.data as BigInt64Array)];
  const ascending = [...particles].sort((a, b) => (a < b ? -1 : 1));
  const rank = new Map(ascending.map((id, i) => [id, i + 1])); // 0: noise
  const vertexOf = new Map(
    rowsOf(known, "particles.vxyz_pxyz", 6).map((v, i) => [particles[i], v]),
  );
  const truthRow = new Map(listOf(known, "truth.hit_id").map((id, i) => [id, i]));
  const hitRows = rowsOf(known, "hits.id_vol_layer_module", 4);
  const hitRow = new Map(hitRows.map(([id], i) => [id!, i]));
  const xyz = rowsOf(known, "hits.xyz", 3);
  const of = hitIds.map((id) => {
    const row = hitRow.get(id)!;
    const particle = ids[truthRow.get(id)!]!;
    const [, volume, layer, module] = hitRows[row]!;
    const vertex = vertexOf.get(particle) ?? [Number.NaN, Number.NaN, Number.NaN];
    const number = volume! * 100 + layer!;
    return { particle, vertex, xyz: xyz[row]!, layer: number, module: number * 10_000 + module! };
  });
  const column = (from: "xyz" | "vertex", axis: number) => of.map((hit) => hit[from][axis]!);
  return {
    particle: of.map(({ particle }) => rank.get(particle) ?? 0),
    layer: of.map(({ layer }) => layer),
    module: of.map(({ module }) => module),
    distance: vertexDistances(
      { x: column("xyz", 0), y: column("xyz", 1), z: column("xyz", 2) },
      { vx: column("vertex", 0), vy: column("vertex", 1), vz: column("vertex", 2) },
    ),
  };
}

if (events.length === 0 || !existsSync(inputs))
  test("f_event: absent", () => console.info(`no f_event in ${folder}`));
else
  describe.each(events)("exatrkx/%s", (name) => {
    const want = tensorsOf(join(folder, name));
    const hits = hitsOf(tensorsOf(inputs), listOf(want, "hid"));

    for (const [kind, edgesOf] of Object.entries({ modulewiseEdges, layerwiseEdges })) {
      const stored = `${kind.replace("Edges", "")}_true_edges`;
      test.skipIf(!want.has(stored))(stored, () => {
        const { source, target } = edgesOf(hits);
        const [from, to] = [listOf(want, stored).slice(0, source.length), listOf(want, stored)];
        expect(Array.from(source)).toEqual(from);
        expect(Array.from(target)).toEqual(to.slice(to.length / 2));
        expect(to.length).toBe(2 * source.length);
      });
    }

    test.skipIf(!want.has("edge_weights"))("edge_weights", () => {
      const weights = edgeWeights(modulewiseEdges(hits), listOf(want, "hit_weights"));
      expectClose(weights, listOf(want, "edge_weights"), 1e-6, "weights"); // stored in float32
    });
  });
