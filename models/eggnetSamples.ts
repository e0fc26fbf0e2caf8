/** Events as EggNet reads them: columns of the hits under the names of its configurations. */
import { indices, tensor } from "../src/engine/create.ts";
import { FormatError } from "../src/engine/errors.ts";
import type { Tensor } from "../src/engine/tensor.ts";
import { type Conditions, rowsThatMeet } from "../src/tracking/conditions.ts";
import type { Detectors } from "../src/tracking/datasets/detectors.ts";
import { type Event, selectHits } from "../src/tracking/event.ts";
import type { ColumnValues } from "../src/tracking/eventColumns.ts";
import { type SegmentOptions, segmentEvent } from "../src/tracking/features/segment.ts";
import type { EdgeIndex } from "../src/tracking/graphs/edgeIndex.ts";
import { modulewiseEdges, vertexDistances } from "../src/tracking/graphs/truthEdges.ts";
import { particleRowOfHit } from "../src/tracking/particleOfHit.ts";
import { hitColumn, particleOf } from "./eggnetColumns.ts";
import type { EggNetTruth } from "./eggnetLoss.ts";

/** The columns that some conditions are about. */
const columnsFor = (event: Event, conditions: Conditions): Record<string, ColumnValues> =>
  Object.fromEntries(Object.keys(conditions).map((name) => [name, hitColumn(event, name)]));

/**
 * An event as `segmentEvent` cuts it; null where no cut leaves as many hits as are wanted, unless `compat`:
 * published trainings went on with the event as it was.
 */
export function cutEvent(
  event: Event,
  { compat = false, ...options }: SegmentOptions & { compat?: boolean },
): Event | null {
  const entries = Object.entries(options.conditions ?? {});
  const isOfTracks = ([name]: (typeof entries)[number]) => name.startsWith("track_");
  const ofTracks = entries.find(isOfTracks);
  if (ofTracks && !event.columns)
    throw new FormatError(
      `${ofTracks[0]}: expected conditions on hits (hit_…), got one on true edges`,
    );
  const ofHits = Object.fromEntries(entries.filter((entry) => !isOfTracks(entry)));
  const hits = {
    hit_row: Uint32Array.from(event.hits.hitId.keys()),
    hit_phi: hitColumn(event, "hit_phi"),
    ...columnsFor(event, ofHits),
  };
  const { tracks, trackEdges } = event.columns ?? noTracks;
  const { event: cut, fits } = segmentEvent({ hits, tracks, trackEdges }, options);
  if (!fits && !compat) return null;
  return selectHits(event, cut.hits.hit_row as Uint32Array);
}

const noTracks = {
  tracks: {},
  trackEdges: { source: new Uint32Array(), target: new Uint32Array() },
};

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
 * Which hits belong together: particles with a hit are numbered anew, and true edges are those of the file, or
 * join each particle's consecutive hits by module.
 */
export function eggnetTruth(event: Event): EggNetTruth {
  const { truth, particles, columns } = event;
  if (!truth || !(particles || columns))
    throw new FormatError(`${event.name}: expected particles and truth, got ${event}`);
  const numbers = new Map<number, number>();
  for (const p of truth.particleIndex)
    if (p > 0 && !numbers.has(p)) numbers.set(p, numbers.size + 1);
  const particle = truth.particleIndex.map((p) => numbers.get(p) ?? 0);
  const edges = columns?.trackEdges ?? edgesByModule(event, particle);
  return {
    particle: indices(particle),
    numParticles: numbers.size,
    trackEdges: { first: rowsOf(edges.source), second: rowsOf(edges.target) },
  };
}

function edgesByModule(event: Event, particle: Uint32Array): EdgeIndex {
  const { hits, particles } = event;
  const rows = particleRowOfHit(event);
  const ofVertex = (name: "vx" | "vy" | "vz") =>
    Float64Array.from(rows, (row) => (row < 0 ? Number.NaN : particles![name][row]));
  const vertices = { vx: ofVertex("vx"), vy: ofVertex("vy"), vz: ofVertex("vz") };
  return modulewiseEdges({
    particle,
    distance: vertexDistances(hits, vertices),
    module: moduleNumbers(event),
  });
}

/** One number per module of the detector. */
const moduleNumbers = ({ hits: { volume, layer, module } }: Event): Float64Array =>
  Float64Array.from(module, (m, hit) => (volume[hit] * 2 ** 10 + layer[hit]) * 2 ** 20 + m);

const rowsOf = (rows: ArrayLike<number>): Tensor => indices(Uint32Array.from(rows));
