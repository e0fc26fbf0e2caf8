/** Events as EggNet reads them: columns of the hits under the names of its configurations. */
import { indices, tensor } from "../src/engine/create.ts";
import { FormatError } from "../src/engine/errors.ts";
import type { Tensor } from "../src/engine/tensor.ts";
import { type Conditions, rowsThatMeet } from "../src/tracking/conditions.ts";
import type { Detectors } from "../src/tracking/datasets/detectors.ts";
import { type Event, selectHits } from "../src/tracking/event.ts";
import { cellFeatureNames, cellFeatures } from "../src/tracking/features/cellFeatures.ts";
import { coordinates, hitCoordinate, isCoordinate } from "../src/tracking/features/coordinates.ts";
import { type SegmentOptions, segmentEvent } from "../src/tracking/features/segment.ts";
import { modulewiseEdges, vertexDistances } from "../src/tracking/graphs/truthEdges.ts";
import { hitEta, hitPt, particleRowOfHit } from "../src/tracking/particleOfHit.ts";
import type { EggNetTruth } from "./eggnetLoss.ts";

export type HitColumn = Float32Array | Float64Array | Uint32Array | BigUint64Array;

/** What conditions and features may name: `hit_` and one of these, or a coordinate. */
const ofHits: Readonly<Record<string, (event: Event) => HitColumn>> = {
  id: ({ hits }) => hits.hitId,
  volume_id: ({ hits }) => hits.volume,
  layer_id: ({ hits }) => hits.layer,
  module_id: ({ hits }) => hits.module,
  particle_id: ({ particleIds, truth }) =>
    BigUint64Array.from(particleOf(truth), (p) => particleIds[p]),
  particle_pt: (event) => nanForNoise(event, hitPt(event)),
  particle_eta: hitEta,
  particle_nhits: ({ truth }) => hitsOfSame(particleOf(truth)),
};

const particleOf = (truth: Event["truth"]): Uint32Array =>
  truth?.particleIndex ?? new Uint32Array();

/** A cut on a property of particles removes noise, which has none. */
function nanForNoise({ truth }: Event, values: Float64Array): Float64Array {
  return values.map((value, hit) => (truth?.particleIndex[hit] ? value : Number.NaN));
}

/** How many hits have the particle of each hit; noise is one of them. */
function hitsOfSame(particle: Uint32Array): Uint32Array {
  const count = new Map<number, number>();
  for (const p of particle) count.set(p, (count.get(p) ?? 0) + 1);
  return particle.map((p) => count.get(p) as number);
}

/** The column of an event that a configuration calls `hit_…`; those of cells need the detectors. */
export function hitColumn(event: Event, name: string, detectors?: Detectors): HitColumn {
  const short = name.replace(/^hit_/, "");
  if (isCoordinate(short)) return hitCoordinate(event.hits, short);
  if (Object.hasOwn(ofHits, short)) return ofHits[short](event);
  const which = cellFeatureNames.indexOf(short as CellFeatureName);
  if (which >= 0) return cellColumn(event, which, detectors);
  const known = [...Object.keys(coordinates), ...Object.keys(ofHits), ...cellFeatureNames];
  throw new FormatError(
    `${name}: expected hit_ and one of ${known.join(", ")}, got none of that name`,
  );
}

type CellFeatureName = (typeof cellFeatureNames)[number];
const cellsOf = new WeakMap<Event, Float32Array>();

function cellColumn(event: Event, which: number, detectors?: Detectors): Float32Array {
  const name = cellFeatureNames[which];
  if (!detectors)
    throw new FormatError(
      `hit_${name}: expected detectors (detectors.csv beside the events), got none`,
    );
  const table = cellsOf.get(event) ?? cellFeatures(event, detectors);
  cellsOf.set(event, table);
  const width = cellFeatureNames.length;
  return Float32Array.from({ length: event.numHits }, (_, hit) => table[hit * width + which]);
}

/** The columns that some conditions are about. */
const columnsFor = (event: Event, conditions: Conditions): Record<string, HitColumn> =>
  Object.fromEntries(Object.keys(conditions).map((name) => [name, hitColumn(event, name)]));

/**
 * An event as `segmentEvent` cuts it; null where no cut leaves as many hits as are wanted, unless `compat`:
 * published trainings went on with the event as it was.
 */
export function cutEvent(
  event: Event,
  { compat = false, ...options }: SegmentOptions & { compat?: boolean },
): Event | null {
  const { conditions = {} } = options;
  const row = Uint32Array.from(event.hits.hitId.keys());
  const ofTracks = Object.keys(conditions).find((name) => name.startsWith("track_"));
  if (ofTracks !== undefined)
    throw new FormatError(
      `${ofTracks}: expected conditions on hits (hit_…), got one on true edges`,
    );
  const hit_phi = hitColumn(event, "hit_phi");
  const hits = { hit_row: row, hit_phi, ...columnsFor(event, conditions) };
  const none = { source: new Uint32Array(), target: new Uint32Array() };
  const { event: cut, fits } = segmentEvent({ hits, tracks: {}, trackEdges: none }, options);
  if (!fits && !compat) return null;
  return selectHits(event, cut.hits.hit_row as Uint32Array);
}

/** 1 for each hit of a particle that meets all conditions, u8 [H]. */
export function isTargetHit(event: Event, conditions: Conditions): Uint8Array {
  const meets = rowsThatMeet(conditions, columnsFor(event, conditions), event.numHits);
  const particle = particleOf(event.truth);
  return meets.map((isMet, hit) => (isMet && particle[hit] > 0 ? 1 : 0));
}

export interface EggNetFeatures {
  /** Like `hit_r`; a row of the input is these, each divided by its scale. */
  names: readonly string[];
  scales: readonly number[];
  /** Modules, for features of cells. */
  detectors?: Detectors | undefined;
}

/** What the model reads, f32 [H, F]. Not a number where a feature is none, which is refused. */
export function eggnetInputs(event: Event, { names, scales, detectors }: EggNetFeatures): Tensor {
  const { numHits } = event;
  const rows = new Float32Array(numHits * names.length);
  for (const [f, name] of names.entries()) {
    const column = hitColumn(event, name, detectors);
    for (let hit = 0; hit < numHits; hit++) {
      const value = Number(column[hit]) / scales[f];
      if (!Number.isFinite(value))
        throw new FormatError(
          `${event.name}: expected a finite ${name}, got ${column[hit]} for hit ${event.hits.hitId[hit]}`,
        );
      rows[hit * names.length + f] = value;
    }
  }
  return tensor(rows, [numHits, names.length]);
}

/**
 * Which hits belong together: particles with a hit are numbered anew, and true edges join each particle's
 * consecutive hits by module.
 */
export function eggnetTruth(event: Event): EggNetTruth {
  const { hits, truth, particles } = event;
  if (!truth || !particles)
    throw new FormatError(`${event.name}: expected particles and truth, got ${event}`);
  const numbers = new Map<number, number>();
  for (const p of truth.particleIndex)
    if (p > 0 && !numbers.has(p)) numbers.set(p, numbers.size + 1);
  const particle = truth.particleIndex.map((p) => numbers.get(p) ?? 0);
  const rows = particleRowOfHit(event);
  const ofVertex = (name: "vx" | "vy" | "vz") =>
    Float64Array.from(rows, (row) => (row < 0 ? Number.NaN : particles[name][row]));
  const vertices = { vx: ofVertex("vx"), vy: ofVertex("vy"), vz: ofVertex("vz") };
  const edges = modulewiseEdges({
    particle,
    distance: vertexDistances(hits, vertices),
    module: moduleNumbers(event),
  });
  return {
    particle: indices(particle),
    numParticles: numbers.size,
    trackEdges: { first: rowsOf(edges.source), second: rowsOf(edges.target) },
  };
}

/** One number per module of the detector. */
const moduleNumbers = ({ hits: { volume, layer, module } }: Event): Float64Array =>
  Float64Array.from(module, (m, hit) => (volume[hit] * 2 ** 10 + layer[hit]) * 2 ** 20 + m);

const rowsOf = (rows: ArrayLike<number>): Tensor => indices(Uint32Array.from(rows));
