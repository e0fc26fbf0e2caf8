/** Particles of an event: their table, their dense index, and what their hits inherit from them. */
import type { Event } from "./event.ts";

/** Generated particles in file order [R]; vertex mm, momentum GeV at production. */
export interface Particles {
  readonly particleId: BigUint64Array;
  readonly index: Uint32Array; // entry of event.particleIds
  readonly particleType: Int32Array | undefined; // PDG code; older files have none
  readonly vx: Float64Array;
  readonly vy: Float64Array;
  readonly vz: Float64Array;
  readonly px: Float64Array;
  readonly py: Float64Array;
  readonly pz: Float64Array;
  readonly q: Float64Array;
  readonly numHits: Uint32Array; // in the whole detector, also where an event was cut
}

export interface ParticleIndex {
  readonly particleIds: BigUint64Array; // [P + 1] ascending, [0] = 0 (noise)
  readonly indexOf: (particleId: bigint) => number | undefined;
}

/** Numbers the distinct ids in ascending order, so that ties broken by index are ties broken by id. */
export function indexParticles(ids: readonly BigUint64Array[]): ParticleIndex {
  const distinct = new Set<bigint>([0n]);
  for (const list of ids) for (const id of list) distinct.add(id);
  const particleIds = BigUint64Array.from(distinct).sort();
  const index = new Map(Array.from(particleIds, (id, p) => [id, p]));
  return { particleIds, indexOf: (id) => index.get(id) };
}

/** Row in the particle table of each hit's particle, i32 [H]; −1 for noise and unknown particles. */
export function particleRowOfHit(event: Event): Int32Array {
  const rowOfIndex = new Int32Array(event.particleIds.length).fill(-1);
  event.particles?.index.forEach((p, row) => {
    rowOfIndex[p] = row;
  });
  const index = event.truth?.particleIndex ?? new Uint32Array(event.numHits);
  return Int32Array.from(index, (p) => rowOfIndex[p]);
}

/** pt = √(px² + py²) of each particle, f64 [R]. */
export const particlePt = ({ px, py }: Particles): Float64Array =>
  px.map((x, row) => Math.hypot(x, py[row]));

/** η = −ln tan(θ/2) with θ = atan2(pt, pz), of each particle, f64 [R]. */
export const particleEta = (particles: Particles): Float64Array =>
  particlePt(particles).map(
    (pt, row) => -Math.log(Math.tan(Math.atan2(pt, particles.pz[row]) / 2)),
  );

/** pt of the particle that made each hit, f64 [H]; 0 for noise. */
export const hitPt = (event: Event): Float64Array => ofHits(event, particlePt, 0);

/** η of the particle that made each hit, f64 [H]; NaN for noise, so that every cut rejects it. */
export const hitEta = (event: Event): Float64Array => ofHits(event, particleEta, Number.NaN);

export interface ReconstructableOptions {
  readonly minLayers?: number;
  /** As published: layer numbers alone are counted, so equal numbers in two volumes count once. */
  readonly compat?: boolean;
}

/**
 * 1 for every hit of a particle that crossed at least `minLayers` different layers, u8 [H].
 * Three is the least that fixes a helix; noise is never reconstructable.
 */
export function hitReconstructable(event: Event, options: ReconstructableOptions = {}): Uint8Array {
  const { minLayers = 3, compat = false } = options;
  const particle = event.truth?.particleIndex ?? new Uint32Array(event.numHits);
  const layersOf = new Map<number, Set<number>>();
  particle.forEach((p, hit) => {
    const volume = compat ? 0 : event.hits.volume[hit];
    const layers = layersOf.get(p) ?? new Set();
    layersOf.set(p, layers.add(volume * 2 ** 20 + event.hits.layer[hit]));
  });
  return Uint8Array.from(particle, (p) => (p > 0 && layersOf.get(p)!.size >= minLayers ? 1 : 0));
}

function ofHits(event: Event, of: (particles: Particles) => Float64Array, noise: number) {
  const values = event.particles && of(event.particles);
  return Float64Array.from(particleRowOfHit(event), (row) => (row < 0 ? noise : values![row]));
}
