/** Tracks by the encoder–decoder: from their first hits on, hit by hit. */
import { tensor } from "../src/engine/create.ts";
import { realize } from "../src/engine/tensor.ts";
import type { EncoderDecoder } from "./encoderDecoder.ts";
import { type ClusteredEvent, scoredEvent } from "./regressorEvaluation.ts";
import type { RegressorSample } from "./regressorSamples.ts";
import { placeOf, startToken, stopToken, trackRows } from "./trackSequences.ts";

/** Hits that a track starts with, as published. */
const seedHits = 3;

/** A track that was followed, and how far from each of its hits the model thought that it would be. */
export interface FollowedTrack {
  /** Rows of hits, those of the seed first. */
  readonly rows: number[];
  /** In the unit cube, of each row; 0 in the seed. */
  readonly distances: number[];
}

/**
 * Goes on with each seed: the model says where the next hit is, the nearest one that the track does not have
 * is taken, and so on until the stop is nearer than any hit, or the track has as many as the model takes.
 * The published program stops by a look at the truth; this one has none.
 */
export async function followTracks(
  model: EncoderDecoder,
  { hits }: RegressorSample,
  seeds: readonly (readonly number[])[],
): Promise<FollowedTrack[]> {
  const tracks = seeds.map((seed) => ({ rows: [...seed], distances: seed.map(() => 0) }));
  if (tracks.length === 0) return tracks;
  const memory = model.encode(tensor(hits.features, [1, hits.numHits, 3]));
  await realize([memory]);
  let growing = tracks;
  // the start takes a step
  for (
    let numHits = seeds[0].length;
    growing.length > 0 && numHits + 1 <= model.maxSteps;
    numHits++
  ) {
    const steps = growing.flatMap(({ rows }) => [
      startToken,
      ...rows.map((hit) => placeOf(hits, hit)),
    ]);
    const shape = [1, growing.length, numHits + 1, 3];
    const said = model.decode(memory, null, tensor(Float32Array.from(steps.flat()), shape));
    const places = await said.data();
    said.dispose();
    growing = growing.filter(({ rows, distances }, t) => {
      const last = 3 * ((t + 1) * (numHits + 1) - 1);
      const found = nearestHit(hits.features, places.subarray(last, last + 3), rows);
      if (!found) return false;
      rows.push(found.hit);
      distances.push(found.distance);
      return true;
    });
  }
  memory.dispose();
  return tracks;
}

/** The nearest hit that is not among `taken`; null if the stop is nearer. */
function nearestHit(
  features: Float32Array,
  place: ArrayLike<number>,
  taken: readonly number[],
): { hit: number; distance: number } | null {
  const distanceTo = (x: number, y: number, z: number) =>
    Math.hypot(place[0] - x, place[1] - y, place[2] - z);
  let [hit, distance] = [-1, distanceTo(stopToken[0], stopToken[1], stopToken[2])];
  for (let h = 0; 3 * h < features.length; h++) {
    const here = distanceTo(features[3 * h], features[3 * h + 1], features[3 * h + 2]);
    if (here < distance && !taken.includes(h)) [hit, distance] = [h, here];
  }
  return hit < 0 ? null : { hit, distance };
}

export interface FollowedEvent extends ClusteredEvent {
  /** Hits of true tracks after their seeds, and those of them that were found in their place. */
  readonly toFollow: number;
  readonly followed: number;
}

/**
 * Follows the true tracks of each event from their true first hits. A hit of several tracks is in the one that
 * expected it nearest.
 */
export async function followEvents(
  model: EncoderDecoder,
  samples: readonly RegressorSample[],
  { compat = false } = {},
): Promise<FollowedEvent[]> {
  const events: FollowedEvent[] = [];
  for (const sample of samples) {
    const start = performance.now();
    const wanted = trackRows(sample).filter(({ length }) => length > seedHits);
    const seeds = wanted.map((rows) => rows.slice(0, seedHits));
    const tracks = await followTracks(model, sample, seeds);
    const labels = labelsOf(tracks, sample.hits.numHits);
    const milliseconds = performance.now() - start;
    const rest = wanted.map((rows) => rows.slice(seedHits));
    const isFound = (t: number) => (hit: number, h: number) => tracks[t].rows[seedHits + h] === hit;
    events.push({
      ...scoredEvent(sample, labels, { milliseconds, compat }),
      toFollow: rest.reduce((sum, { length }) => sum + length, 0),
      followed: rest.reduce((sum, rows, t) => sum + rows.filter(isFound(t)).length, 0),
    });
  }
  return events;
}

function labelsOf(tracks: readonly FollowedTrack[], numHits: number): Int32Array {
  const labels = new Int32Array(numHits).fill(-1);
  const nearest = new Float64Array(numHits).fill(Infinity);
  for (const [track, { rows, distances }] of tracks.entries())
    for (const [r, hit] of rows.entries()) {
      if (distances[r] >= nearest[hit]) continue;
      nearest[hit] = distances[r];
      labels[hit] = track;
    }
  return labels;
}
