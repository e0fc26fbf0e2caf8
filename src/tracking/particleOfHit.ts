/** What hits inherit from the particles that made them. */
import type { Event } from "./event.ts";
import { type Particles, particleEta, particlePt } from "./particles.ts";

/** Row in the particle table of each hit's particle, i32 [H]; −1 for noise and unknown particles. */
export function particleRowOfHit(event: Event): Int32Array {
  const rowOfIndex = new Int32Array(event.particleIds.length).fill(-1);
  event.particles?.index.forEach((p, row) => {
    rowOfIndex[p] = row;
  });
  const index = event.truth?.particleIndex ?? new Uint32Array(event.numHits);
  return Int32Array.from(index, (p) => rowOfIndex[p]);
}

/** pt of the particle that made each hit, f64 [H]; 0 for noise. */
export const hitPt = (event: Event): Float64Array => ofHits(event, particlePt, 0);

/** η of the particle that made each hit, f64 [H]; NaN for noise, so that every cut rejects it. */
export const hitEta = (event: Event): Float64Array => ofHits(event, particleEta, Number.NaN);

/** φ of the momentum of the particle that made each hit, f64 [H]; NaN for noise. */
export const hitPhi = (event: Event): Float64Array =>
  ofHits(event, ({ px, py }) => px.map((x, row) => Math.atan2(py[row], x)), Number.NaN);

/** Distance from the beam where the particle of each hit was made, mm, f64 [H]; NaN for noise. */
export const hitVertexRadius = (event: Event): Float64Array =>
  ofHits(event, ({ vx, vy }) => vx.map((x, row) => Math.hypot(x, vy[row])), Number.NaN);

/** How many hits of the event the particle of each hit has, f64 [H]; NaN for noise. */
export function hitNumHits(event: Event): Float64Array {
  const particle = event.truth?.particleIndex ?? new Uint32Array(event.numHits);
  const count = new Map<number, number>();
  for (const p of particle) count.set(p, (count.get(p) ?? 0) + 1);
  return Float64Array.from(particle, (p) => (p === 0 ? Number.NaN : (count.get(p) as number)));
}

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
