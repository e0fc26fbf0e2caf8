/** The published pixel graphs from their hits alone, and the same graphs of simulated events. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { readSafetensors } from "../../src/engine/formats/safetensors.ts";
import {
  doublets,
  hitPt,
  pixelCuts,
  pixelHits,
  pixelLabels,
  pixelLayers,
  pixelPairs,
  simulateEvent,
} from "../../src/tracking/index.ts";
import { dataFolder } from "./helpers.ts";

const folder = join(dataFolder, "graphs_pt1gev");
const files = existsSync(folder) ? readdirSync(folder).filter((f) => f.endsWith(".gz")) : [];
if (files.length === 0) test("graphs: absent", () => console.info(`no graph in ${folder}`));

function readGraph(file: string) {
  const bytes = new Uint8Array(gunzipSync(readFileSync(join(folder, file))));
  const { tensors } = readSafetensors(bytes, file);
  return (name: string) => Array.from(tensors.get(name)!.data as ArrayLike<number>, Number);
}

/** The graphs say where hits are, not on which layer: disks stand at these |z|, cylinders at these r. */
function layersByPlace(r: number[], z: number[]): number[] {
  const [disks, cylinders] = [
    [600, 700, 820, 960, 1120, 1320, 1500],
    [32, 72, 116, 172],
  ];
  const nearest = (places: number[], x: number) =>
    places.reduce((best, at, i) => (Math.abs(at - x) < Math.abs(places[best]! - x) ? i : best), 0);
  return r.map((radius, h) => {
    if (Math.abs(z[h]!) < 550) return nearest(cylinders, radius);
    return (z[h]! > 0 ? 4 : 11) + nearest(disks, Math.abs(z[h]!));
  });
}

describe.each(files)("%s", (file) => {
  test("has the edges that the doublets of its hits are, and their labels", () => {
    const list = readGraph(file);
    const x = list("x");
    const column = (i: number, unit: number) =>
      x.filter((_, k) => k % 3 === i).map((v) => v * unit);
    const [r, phi, z] = [column(0, 1000), column(1, Math.PI), column(2, 1000)];
    const layer = layersByPlace(r!, z!);
    const edges = doublets({ layer, r: r!, phi: phi!, z: z! }, pixelPairs, pixelCuts);

    const stored = list("edge_index");
    const numEdges = stored.length / 2;
    const keyOf = (source: number, target: number) => target * r!.length + source;
    const labels = list("y");
    const expected = new Map(
      labels.map((y, e) => [keyOf(stored[e]!, stored[numEdges + e]!), y] as const),
    );
    const found = pixelLabels(edges, list("pid"), layer);
    const labelOf = new Map(
      Array.from(edges.source, (s, e) => [keyOf(s, edges.target[e]!), found[e]!] as const),
    );
    const keys = [...labelOf.keys()];
    expect(keys.every((key, e) => e === 0 || key > keys[e - 1]!)).toBe(true);

    // positions were rounded to f32 after the cut: φ/π to 2⁻²⁵, r/m to 2⁻²⁷ at both ends
    const isOnTheLimit = (key: number) => {
      const [s, t] = [key % r!.length, Math.floor(key / r!.length)];
      const limit = pixelCuts.maxPhiSlope! * Math.abs(r![t]! - r![s]!);
      const turns = (phi![t]! - phi![s]!) / (2 * Math.PI);
      const deltaPhi = 2 * Math.PI * Math.abs(turns - Math.round(turns));
      const rounding = 2 * Math.PI * 2 ** -25 + 2 * pixelCuts.maxPhiSlope! * 1000 * 2 ** -27;
      return Math.abs(deltaPhi - limit) <= rounding;
    };
    const differ = [...new Set([...keys, ...expected.keys()])].filter(
      (key) => expected.get(key) !== labelOf.get(key),
    );
    expect(differ.filter((key) => !isOnTheLimit(key))).toEqual([]);
    expect(differ.length).toBeLessThanOrEqual(2); // of 12 000 edges and more
  });
});

test("the graph of a simulated event holds the true segments above 1 GeV, and as many others", () => {
  const event = simulateEvent({ seed: 5, pileup: 200 }); // as the published events
  const { hits } = event;
  const particle = event.truth!.particleIndex;
  const all = pixelLayers(hits.volume, hits.layer);
  const radius = Float64Array.from(hits.x, (x, h) => Math.hypot(x, hits.y[h]!));
  const rows = pixelHits({ layer: all, r: radius, particle, pt: hitPt(event) });
  const of = (values: ArrayLike<number>) => Array.from(rows, (h) => values[h]!);
  const [layer, r, z, id] = [all, radius, hits.z, particle].map(of);
  const phi = Array.from(rows, (h) => Math.atan2(hits.y[h]!, hits.x[h]!));
  const edges = doublets({ layer: layer!, r: r!, phi, z: z! }, pixelPairs, pixelCuts);

  // a segment joins two hits of a particle on layers of a pair that nothing stands between
  const plain = new Set(
    pixelPairs.filter(({ unless }) => !unless).map(({ inner, outer }) => `${inner} ${outer}`),
  );
  const isSegment = (a: number, b: number) =>
    id![a] === id![b] && plain.has(`${layer![a]} ${layer![b]}`);
  let numSegments = 0;
  for (const a of rows.keys()) for (const b of rows.keys()) if (isSegment(a, b)) numSegments++;
  const held = Array.from(edges.source, (a, e) => isSegment(a, edges.target[e]!)).filter(Boolean);
  const recall = held.length / numSegments;
  const edgesPerHit = edges.source.length / rows.length;
  console.info(
    `simulated: ${rows.length} hits, ${numSegments} segments, recall ${recall.toFixed(4)}, ` +
      `${edgesPerHit.toFixed(2)} edges per hit`,
  );
  expect(numSegments).toBeGreaterThan(1000);
  expect(recall).toBeGreaterThan(0.95);

  // published events differ by half of their mean among themselves
  const published = files.map((file) => {
    const list = readGraph(file);
    return list("y").length / list("pid").length;
  });
  if (published.length === 0) return;
  const mean = published.reduce((sum, n) => sum + n, 0) / published.length;
  expect(edgesPerHit / mean).toBeGreaterThan(2 / 3);
  expect(edgesPerHit / mean).toBeLessThan(4 / 3);
});
