/**
 * What the stages of Exa.TrkX read of an event (Ju et al. 2021, arXiv:2103.06995): hits of chosen layers, their
 * scaled coordinates, cell features and true edges. N hits, M edges.
 */
import { ShapeError } from "../../engine/errors.ts";
import type { Detectors } from "../datasets/detectors.ts";
import { type Event, selectHits } from "../event.ts";
import type { EdgeIndex } from "../graphs/edgeIndex.ts";
import {
  edgeWeights,
  layerwiseEdges,
  modulewiseEdges,
  vertexDistances,
} from "../graphs/truthEdges.ts";
import { particleRowOfHit } from "../particleOfHit.ts";
import { hypot } from "../portableMath.ts";
import { cellFeatures, moduleRows } from "./cellFeatures.ts";

export interface FeatureStoreOptions {
  readonly endcaps?: boolean; // true: all layers; else those of the three barrels
  readonly noise?: boolean; // keeps hits of no known particle
  readonly minPt?: number; // GeV, of the momentum at the hit, exclusive; placeholder momenta of noise pass
  readonly layerwise?: boolean; // also edges between layers; hits are then in order of their distance
  readonly modulewise?: boolean;
  /** As published: with `layerwise`, `modules` stays in the order before that by distance. */
  readonly compat?: boolean;
}

export interface FeatureStore {
  readonly event: Event; // the hits that are left, in this order
  readonly x: Float32Array; // [N, 3]: r / 1000 mm, φ / π, z / 1000 mm
  readonly cellData: Float32Array | undefined; // [N, 9] as `cellFeatures`; without cells there is none
  readonly pt: Float32Array; // [N] at the hit, GeV
  readonly modules: Uint32Array; // [N] rows of the table of modules
  readonly modulewiseEdges?: EdgeIndex; // [M]
  readonly layerwiseEdges?: EdgeIndex;
  readonly edgeWeights?: Float64Array; // [M] of the modulewise edges, or else the layerwise ones
}

const even = (count: number) => Array.from({ length: count }, (_, k) => 2 * (k + 1));
const barrels: [volume: number, layers: number[]][] = [
  [8, even(4)],
  [13, even(4)],
  [17, even(2)],
];
const allVolumes: [volume: number, layers: number[]][] = [
  [7, even(7)],
  [8, even(4)],
  [9, even(7)],
  [12, even(6)],
  [13, even(4)],
  [14, even(6)],
  [16, even(6)],
  [17, even(2)],
  [18, even(6)],
];

/** Prepares an event with truth and particles. */
export function featureStore(
  event: Event,
  detectors: Detectors,
  options: FeatureStoreOptions = {},
): FeatureStore {
  const { layerwise = false, modulewise = true, compat = false } = options;
  if (!event.truth || !event.particles)
    throw new ShapeError(`featureStore: expected particles and truth, got ${event}`);
  const chosen = selectHits(event, hitsByLayer(event, options));
  const byDistance = Array.from(chosen.hits.hitId.keys());
  const distance = distances(chosen);
  if (layerwise) byDistance.sort((a, b) => after(distance[a], distance[b]) || a - b);
  const kept = selectHits(chosen, byDistance);
  const modules = moduleRows(compat ? chosen : kept, detectors);
  const edges = trueEdges(kept, detectors, { layerwise, modulewise });
  const weighed = edges.modulewiseEdges ?? edges.layerwiseEdges;
  return {
    event: kept,
    x: scaledCoordinates(kept),
    cellData: kept.cells && cellFeatures(kept, detectors),
    pt: Float32Array.from(momentaAtHits(kept)),
    modules,
    ...edges,
    ...(weighed && { edgeWeights: edgeWeights(weighed, kept.truth!.weight) }),
  };
}

/** Rows of the hits that are kept, layer by layer of the list, in file order within a layer. */
function hitsByLayer(event: Event, { endcaps, noise, minPt }: FeatureStoreOptions): number[] {
  const place = new Map(
    (endcaps ? allVolumes : barrels)
      .flatMap(([volume, layers]) => layers.map((layer) => `${volume} ${layer}`))
      .map((key, p) => [key, p]),
  );
  const { volume, layer } = event.hits;
  const places = Array.from(volume, (v, hit) => place.get(`${v} ${layer[hit]}`) ?? -1);
  const rows = particleRowOfHit(event);
  const pt = momentaAtHits(event);
  const isKept = (hit: number) =>
    places[hit] >= 0 &&
    event.truth!.isKnown[hit] === 1 &&
    (noise || rows[hit] >= 0) &&
    (minPt === undefined || pt[hit] > minPt);
  const hits = places.map((_, hit) => hit).filter(isKept);
  return hits.sort((a, b) => places[a] - places[b] || a - b);
}

const momentaAtHits = ({ truth }: Event): Float64Array =>
  truth!.tpx.map((px, hit) => hypot(px, truth!.tpy[hit]));

/** From the vertex of each hit's particle; NaN for noise. */
function distances(event: Event): Float64Array {
  const rows = particleRowOfHit(event);
  const { vx, vy, vz } = event.particles!;
  const of = (values: Float64Array) =>
    Float64Array.from(rows, (row) => (row < 0 ? Number.NaN : values[row]));
  return vertexDistances(event.hits, { vx: of(vx), vy: of(vy), vz: of(vz) });
}

/** Order by distance; what has none comes last. */
function after(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  return a - b;
}

function trueEdges(
  event: Event,
  detectors: Detectors,
  { layerwise, modulewise }: { readonly layerwise: boolean; readonly modulewise: boolean },
) {
  const particle = event.truth!.particleIndex;
  const distance = distances(event);
  const { volume, layer } = event.hits;
  const layers = Float64Array.from(volume, (v, hit) => v * 2 ** 10 + layer[hit]);
  return {
    ...(layerwise && { layerwiseEdges: layerwiseEdges({ particle, distance, layer: layers }) }),
    ...(modulewise && {
      modulewiseEdges: modulewiseEdges({
        particle,
        distance,
        module: moduleRows(event, detectors),
      }),
    }),
  };
}

function scaledCoordinates({ hits: { x, y, z }, numHits }: Event): Float32Array {
  const rows = new Float32Array(3 * numHits);
  for (let hit = 0; hit < numHits; hit++) {
    const [r, phi] = [hypot(x[hit], y[hit]), Math.atan2(y[hit], x[hit])];
    rows.set([r / 1000, phi / Math.PI, z[hit] / 1000], 3 * hit);
  }
  return rows;
}
