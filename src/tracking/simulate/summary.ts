/** What an event looks like in numbers, to compare a simulated one with a real one. */
import { ShapeError } from "../../engine/errors.ts";
import type { Event } from "../event.ts";
import { decodeParticleId } from "../metrics/trackmlWeights.ts";
import { particleEta, particlePt } from "../particles.ts";

/** Quantiles 10, 50 and 90 % and mean of a quantity. */
export interface Spread {
  readonly mean: number;
  readonly p10: number;
  readonly p50: number;
  readonly p90: number;
}

export interface EventSummary {
  readonly hits: number;
  readonly noiseShare: number; // of hits
  readonly particles: number;
  readonly secondaryShare: number; // of particles: those of generation 1 and more
  readonly unseenShare: number; // of particles: those without a hit
  readonly hitsPerParticle: Spread; // of those with a hit, as are the next three
  readonly layersPerParticle: Spread;
  readonly pt: Spread; // GeV
  readonly absEta: Spread;
  readonly vertexZ: Spread; // mm, of particles from the collisions
  readonly volumes: readonly VolumeSummary[];
}

export interface VolumeSummary {
  readonly volume: number;
  readonly hitShare: number;
  readonly cellsPerHit: number; // NaN without cells
  readonly residual: number; // mm, root mean square distance of a particle's hits from its truth
}

/** What the particles of an event have, one entry per particle with a hit; vertexZ: per primary. */
export interface ParticleQuantities {
  readonly hitsPerParticle: Float64Array;
  readonly layersPerParticle: Float64Array;
  readonly pt: Float64Array; // GeV
  readonly eta: Float64Array;
  readonly vertexZ: Float64Array; // mm, of particles from the collisions, with hits or without
}

/** Counts and spreads of an event with truth and particles. */
export function summarizeEvent(event: Event): EventSummary {
  const { particles, truth } = expectTruth("summarizeEvent", event);
  const { hitsPerParticle, layersPerParticle, pt, eta, vertexZ } = particleQuantities(event);
  const numParticles = particles.index.length;
  const numNoise = truth.particleIndex.filter(
    (p, hit) => p === 0 && truth.isKnown[hit] === 1,
  ).length;
  return {
    hits: event.numHits,
    noiseShare: numNoise / event.numHits,
    particles: numParticles,
    secondaryShare: 1 - vertexZ.length / numParticles,
    unseenShare: 1 - hitsPerParticle.length / numParticles,
    hitsPerParticle: spread(hitsPerParticle),
    layersPerParticle: spread(layersPerParticle),
    pt: spread(pt),
    absEta: spread(eta.map(Math.abs)),
    vertexZ: spread(vertexZ),
    volumes: volumesOf(event),
  };
}

/** The distributions that `summarizeEvent` sums up. */
export function particleQuantities(event: Event): ParticleQuantities {
  const { particles, truth } = expectTruth("particleQuantities", event);
  const { hits } = event;
  const layersOf = new Map<number, Set<number>>();
  truth.particleIndex.forEach((p, hit) => {
    const layers = layersOf.get(p) ?? new Set();
    layersOf.set(p, layers.add(hits.volume[hit] * 2 ** 20 + hits.layer[hit]));
  });
  const rows = Array.from(particles.index.keys());
  const seen = rows.filter((row) => particles.numHits[row] > 0);
  const isPrimary = (row: number) => decodeParticleId(particles.particleId[row]).generation === 0;
  const [pt, eta] = [particlePt(particles), particleEta(particles)];
  const ofSeen = (of: (row: number) => number) => Float64Array.from(seen, of);
  return {
    hitsPerParticle: ofSeen((row) => particles.numHits[row]),
    layersPerParticle: ofSeen((row) => layersOf.get(particles.index[row])?.size ?? Number.NaN),
    pt: ofSeen((row) => pt[row]),
    eta: ofSeen((row) => eta[row]),
    vertexZ: Float64Array.from(rows.filter(isPrimary), (row) => particles.vz[row]),
  };
}

function expectTruth(where: string, event: Event) {
  const { particles, truth } = event;
  if (particles && truth) return { particles, truth };
  throw new ShapeError(`${where}: expected particles and truth, got ${event}`);
}

function volumesOf({ hits, cells, truth, numHits }: Event): VolumeSummary[] {
  const numCells = new Uint32Array(numHits);
  cells?.hit.forEach((hit) => {
    numCells[hit]++;
  });
  return [...new Set(hits.volume)]
    .sort((a, b) => a - b)
    .map((volume) => {
      const inside = Array.from(hits.volume.keys()).filter((hit) => hits.volume[hit] === volume);
      const known = inside.filter((hit) => truth!.particleIndex[hit] > 0);
      const squares = known.map(
        (hit) =>
          (hits.x[hit] - truth!.tx[hit]) ** 2 +
          (hits.y[hit] - truth!.ty[hit]) ** 2 +
          (hits.z[hit] - truth!.tz[hit]) ** 2,
      );
      return {
        volume,
        hitShare: inside.length / numHits,
        cellsPerHit: cells ? mean(inside.map((hit) => numCells[hit])) : Number.NaN,
        residual: Math.sqrt(mean(squares)),
      };
    });
}

const mean = (values: ArrayLike<number>) =>
  Array.from(values).reduce((sum, x) => sum + x, 0) / values.length;

function spread(values: ArrayLike<number>): Spread {
  const sorted = Float64Array.from(values).sort();
  const at = (share: number) => sorted[Math.floor(share * sorted.length)] ?? Number.NaN;
  return { mean: mean(values), p10: at(0.1), p50: at(0.5), p90: at(0.9) };
}
