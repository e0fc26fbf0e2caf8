/** Events as EggNet reads them: columns of the hits under the names of its configurations. */
import { indices, tensor } from "../src/engine/create.ts";
import { FormatError } from "../src/engine/errors.ts";
import type { Tensor } from "../src/engine/tensor.ts";
import { type Columns, type Conditions, rowsThatMeet } from "../src/tracking/conditions.ts";
import { type Event, selectHits } from "../src/tracking/event.ts";
import { coordinates, hitCoordinate, isCoordinate } from "../src/tracking/features/coordinates.ts";
import { modulewiseEdges, vertexDistances } from "../src/tracking/graphs/truthEdges.ts";
import { hitEta, hitPt, particleRowOfHit } from "../src/tracking/particleOfHit.ts";
import type { EggNetTruth } from "./eggnetLoss.ts";

/** What conditions and features may name: `hit_` and one of these, or a coordinate. */
const ofParticles: Readonly<Record<string, (event: Event) => ArrayLike<number | bigint>>> = {
  id: ({ hits }) => hits.hitId,
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

/** The column of an event that a configuration calls `hit_…`. */
export function hitColumn(event: Event, name: string): ArrayLike<number | bigint> {
  const short = name.replace(/^hit_/, "");
  if (isCoordinate(short)) return hitCoordinate(event.hits, short);
  if (Object.hasOwn(ofParticles, short)) return ofParticles[short](event);
  const known = [...Object.keys(coordinates), ...Object.keys(ofParticles)];
  throw new FormatError(
    `${name}: expected hit_ and one of ${known.join(", ")}, got none of that name`,
  );
}

/** The columns that some conditions are about. */
const columnsFor = (event: Event, conditions: Conditions): Columns =>
  Object.fromEntries(Object.keys(conditions).map((name) => [name, hitColumn(event, name)]));

/** The hits that meet all conditions. */
export function cutHits(event: Event, conditions: Conditions): Event {
  const meets = rowsThatMeet(conditions, columnsFor(event, conditions), event.numHits);
  return selectHits(
    event,
    Array.from(meets.keys()).filter((hit) => meets[hit]),
  );
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
}

/** What the model reads, f32 [H, F]. Not a number where a feature is none, which is refused. */
export function eggnetInputs(event: Event, { names, scales }: EggNetFeatures): Tensor {
  const { numHits } = event;
  const rows = new Float32Array(numHits * names.length);
  for (const [f, name] of names.entries()) {
    const column = hitColumn(event, name);
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
