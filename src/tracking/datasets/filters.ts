/** Events with less in them: fewer noise hits, fewer collisions. */
import { ShapeError } from "../../engine/errors.ts";
import { type Event, selectHits } from "../event.ts";
import { decodeParticleId } from "../metrics/trackmlWeights.ts";
import { type Rng, sample } from "../random.ts";

/**
 * Drops random noise hits until they are at most `share` of all hits; other hits, and the order, stay. Hits
 * that nothing is known of count as no noise.
 */
export function limitNoise(event: Event, share: number, rng: Rng): Event {
  if (!(share >= 0 && share < 1))
    throw new ShapeError(`limitNoise(share): expected a share from 0 to below 1, got ${share}`);
  if (!event.truth) throw new ShapeError(`limitNoise(event): expected truth, got ${event}`);
  const { isKnown, particleIndex } = event.truth;
  const isNoise = (hit: number) => isKnown[hit] === 1 && particleIndex[hit] === 0;
  const hits = Array.from(particleIndex.keys());
  const noise = hits.filter(isNoise);
  const others = event.numHits - noise.length;
  const count = Math.min(noise.length, Math.floor((others * share) / (1 - share)));
  const drawn = new Set(Array.from(sample(rng, noise.length, count), (n) => noise[n]));
  return selectHits(
    event,
    hits.filter((hit) => !isNoise(hit) || drawn.has(hit)),
  );
}

/**
 * What `count` random collisions left: hits of their particles, and the same share of the noise as of
 * the collisions. All particles stay in the table, as those do of which no hit is in the event.
 */
export function reducePileup(event: Event, count: number, rng: Rng): Event {
  if (!event.truth) throw new ShapeError(`reducePileup(event): expected truth, got ${event}`);
  const vertexOf = Array.from(event.particleIds, (id) => decodeParticleId(id).vertex);
  const vertices = [...new Set(vertexOf.slice(1))];
  if (!(Number.isInteger(count) && count >= 1 && count <= vertices.length))
    throw new ShapeError(
      `reducePileup(count): expected 1 to ${vertices.length} collisions, got ${count}`,
    );
  const kept = new Set(Array.from(sample(rng, vertices.length, count), (v) => vertices[v]));
  const { particleIndex } = event.truth;
  const share = count / vertices.length;
  const isKept = (hit: number) =>
    particleIndex[hit] > 0 ? kept.has(vertexOf[particleIndex[hit]]) : rng() < share;
  return selectHits(event, Array.from(particleIndex.keys()).filter(isKept));
}
