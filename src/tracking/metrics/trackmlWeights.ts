/**
 * Weights of hits in the TrackML score: first and last hits of fast particles matter most.
 *
 *   w = w_order(i, N) · w_pt(pt), divided by its sum over the event
 *
 * i is the place of the hit in its particle, N the particle's number of hits, pt in GeV.
 */
import { ShapeError } from "../../engine/errors.ts";
import type { Event } from "../event.ts";
import { particleRowOfHit } from "../particleOfHit.ts";
import { particlePt } from "../particles.ts";

// importance along the track, at nine evenly spaced places
const template = [10, 8, 6, 5, 3, 3, 3, 5, 6];
const minHits = 4; // shorter particles have weight 0
const maxHits = 20; // longer ones are weighed as if they had this many

/** Weights of the hits of a particle with `numHits` hits, in order: sum 1, or all 0 below four hits. */
export function orderWeights(numHits: number): Float64Array {
  const weights = new Float64Array(maxHits);
  const n = Math.min(numHits, maxHits);
  if (n < minHits) return weights;
  const knots = template.map((_, j) => (j * (n - 1)) / (template.length - 1));
  for (let i = 0; i < n; i++) weights[i] = interpolate(i, knots, template);
  const sum = weights.reduce((total, w) => total + w, 0);
  return weights.map((w) => w / sum);
}

const orderTable = Array.from({ length: maxHits + 1 }, (_, numHits) => orderWeights(numHits));

/** Weight of hit `index` (0, 1, …) of a particle with `numHits` hits; 0 from the 21st hit on. */
export function weightOrder(index: number, numHits: number): number {
  if (numHits > 0 && index >= numHits) {
    const why = "the particle has more truth rows than hits";
    throw new ShapeError(`weightOrder: expected a hit below ${numHits}, got ${index} (${why})`);
  }
  return index < maxHits ? orderTable[Math.min(numHits, maxHits)][index] : 0;
}

/** 0 below 0.05 GeV, 0.2 to 0.5 GeV, then rising to 1 at 3 GeV. */
export function weightPt(pt: number): number {
  if (!(pt >= 0.05)) return 0;
  return interpolate(pt, [0.5, 3], [0.2, 1]);
}

/** Fields of a 64-bit particle id, from its high bits to its low ones. */
export interface ParticleIdFields {
  readonly vertex: number; // 12 bits
  readonly primary: number; // 16
  readonly generation: number; // 12; 0 = from the collision itself
  readonly secondary: number; // 12
  readonly process: number; // 12
}

export function decodeParticleId(particleId: bigint): ParticleIdFields {
  const bits = (shift: bigint, width: bigint) =>
    Number((particleId >> shift) & ((1n << width) - 1n));
  return {
    vertex: bits(52n, 12n),
    primary: bits(36n, 16n),
    generation: bits(24n, 12n),
    secondary: bits(12n, 12n),
    process: bits(0n, 12n),
  };
}

/** The parts of the weight, one entry per hit [H]; 0 for hits of no particle. */
export interface HitWeights {
  readonly index: Uint32Array; // place of the hit in its particle
  readonly order: Float64Array;
  readonly pt: Float64Array;
  readonly weight: Float64Array;
}

/** The id with these fields; each must fit its bits. */
export function encodeParticleId(fields: ParticleIdFields): bigint {
  const { vertex, primary, generation, secondary, process } = fields;
  const [high, low] = [vertex * 2 ** 16 + primary, secondary * 2 ** 12 + process];
  return (BigInt(high) << 36n) | (BigInt(generation) << 24n) | BigInt(low);
}

/** Phase 1 weighs every particle, phase 2 only those of the collision itself (generation 0). */
export interface WeightOptions {
  readonly phase: 1 | 2;
}

/**
 * Weights recomputed from truth and particle table. Hits of a particle are ordered by |tz − vz|, not
 * along the path; tied hits share their middle place. Where tz is unknown the measured z stands in. All
 * weights are 0 if no hit counts.
 */
export function trackmlWeights(event: Event, { phase }: WeightOptions): HitWeights {
  const { particles, truth, hits } = event;
  if (!particles || !truth)
    throw new ShapeError(`trackmlWeights: expected particles and truth, got ${event}`);
  const row = particleRowOfHit(event);
  const distance = Float64Array.from(row, (r, h) => {
    const z = Number.isNaN(truth.tz[h]) ? hits.z[h] : truth.tz[h];
    return r < 0 ? 0 : Math.abs(z - particles.vz[r]);
  });
  const index = placeInParticle(row, distance);
  const pts = particlePt(particles);
  const isCounted = Array.from(particles.particleId, (id) =>
    phase === 1 ? true : decodeParticleId(id).generation === 0,
  );
  const order = Float64Array.from(row, (r, h) =>
    r < 0 ? 0 : weightOrder(index[h], particles.numHits[r]),
  );
  const pt = Float64Array.from(row, (r) => (r < 0 ? 0 : weightPt(pts[r])));
  const raw = Float64Array.from(row, (r, h) => (r >= 0 && isCounted[r] ? order[h] * pt[h] : 0));
  const sum = raw.reduce((total, w) => total + w, 0);
  return { index, order, pt, weight: sum > 0 ? raw.map((w) => w / sum) : raw };
}

/** Rank of each hit by distance within its particle, ties averaged and then rounded down. */
function placeInParticle(row: Int32Array, distance: Float64Array): Uint32Array {
  const place = new Uint32Array(row.length);
  const order = Uint32Array.from(row.keys());
  order.sort((a, b) => row[a] - row[b] || distance[a] - distance[b]);
  for (let start = 0, first = 0; start < order.length; ) {
    const hit = order[start];
    if (start === 0 || row[hit] !== row[order[start - 1]]) first = start;
    let end = start + 1;
    while (end < order.length && row[order[end]] === row[hit]) {
      if (distance[order[end]] !== distance[hit]) break;
      end++;
    }
    // ranks start … end − 1 average to their middle
    const middle = Math.floor((start + end - 1) / 2 - first);
    for (let i = start; i < end; i++) place[order[i]] = row[hit] < 0 ? 0 : middle;
    start = end;
  }
  return place;
}

/** Piecewise linear through (knots, values), constant outside. */
function interpolate(x: number, knots: readonly number[], values: readonly number[]): number {
  if (x <= knots[0]) return values[0];
  const next = knots.findIndex((knot) => knot >= x);
  if (next === -1) return values[values.length - 1];
  const slope = (values[next] - values[next - 1]) / (knots[next] - knots[next - 1]);
  return values[next - 1] + slope * (x - knots[next - 1]);
}
