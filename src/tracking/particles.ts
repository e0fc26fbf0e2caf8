/** Particles of an event: their table and their dense index. */
import { hypot } from "./portableMath.ts";

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

/** pt = √(px² + py²) of each particle, f64 [R]. */
export const particlePt = ({ px, py }: Particles): Float64Array =>
  px.map((x, row) => hypot(x, py[row]));

/** η = −ln tan(θ/2) with θ = atan2(pt, pz), of each particle, f64 [R]. */
export const particleEta = (particles: Particles): Float64Array =>
  particlePt(particles).map(
    (pt, row) => -Math.log(Math.tan(Math.atan2(pt, particles.pz[row]) / 2)),
  );
