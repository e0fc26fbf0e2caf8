/**
 * TrackML score, Amrouche et al. 2020 (arXiv:1904.06778).
 *
 *   score = Σ_t w(t) / W      over tracks t with m/n > ½ and m/N > ½
 *
 * n hits of the track, m of them from its majority particle, which has N hits in the event; w(t) sums
 * the weights of those m hits, W all weights. At most one track per particle can count.
 */
import { ShapeError } from "../../engine/errors.ts";
import { contingency, countOf, majorities, type Ranks, rank } from "./contingency.ts";

/** Truth, one entry per hit [H]. Particles are numbered in the order of their ids; 0 is noise. */
export interface HitTruth {
  readonly particle: ArrayLike<number>;
  readonly weight: ArrayLike<number>;
}

/** One entry per track, by ascending label; hits in no track are one-hit tracks at the end. */
export interface TrackTable {
  readonly track: Float64Array; // label; NaN for a hit in no track
  readonly numHits: Uint32Array;
  readonly particle: Float64Array; // majority: most hits; among equals the smallest
  readonly particleHits: Uint32Array; // its hits in the whole event
  readonly majorityHits: Uint32Array; // its hits in this track
  readonly majorityWeight: Float64Array; // their share of all weights
}

export interface TrackTableOptions {
  /**
   * As published: negative labels are labels like others, except that −1 is left out of the table
   * unless it comes last in it. Otherwise a negative label means: in no track.
   */
  readonly compat?: boolean;
}

/** NaN for an event without hits, where nothing is defined. */
export function trackmlScore(
  tracks: ArrayLike<number>,
  truth: HitTruth,
  options: TrackTableOptions = {},
): number {
  if (truth.particle.length === 0) return Number.NaN;
  const table = trackTable(tracks, truth, options);
  return table.majorityWeight.reduce(
    // without any weight every share is 0/0, and nothing is earned
    (sum, w, t) => (isGood(table, t) && !Number.isNaN(w) ? sum + w : sum),
    0,
  );
}

/** Both majorities are strict, so a tie is never good. */
export const isGood = (table: TrackTable, t: number): boolean =>
  2 * table.majorityHits[t] > table.numHits[t] && 2 * table.majorityHits[t] > table.particleHits[t];

/** tracks [H]: label per hit; NaN is no track. */
export function trackTable(
  tracks: ArrayLike<number>,
  { particle, weight }: HitTruth,
  { compat = false }: TrackTableOptions = {},
): TrackTable {
  const numHits = particle.length;
  if (tracks.length !== numHits || weight.length !== numHits)
    throw new ShapeError(
      `trackTable: expected tracks, particle and weight of ${numHits} hits, ` +
        `got ${tracks.length}, ${numHits}, ${weight.length}`,
    );
  const labels = Float64Array.from(tracks, (t) => (t < 0 && !compat ? Number.NaN : t));
  const particles = rank(particle);
  const groups = rankTracks(labels, particles);
  const pairs = contingency(groups, particles);
  const majority = majorities(pairs, groups.values.length);
  const isStored = (t: number) => groups.values[t] !== -1 || t === groups.values.length - 1;
  const rows = Array.from(groups.values.keys()).filter(isStored);
  const sizes = countOf(groups);
  const particleSizes = countOf(particles);
  const best = rows.map((t) => majority[t]);
  const totalWeight = Array.prototype.reduce.call(weight, (sum, w) => sum + w, 0) as number;
  return {
    track: Float64Array.from(rows, (t) => groups.values[t]),
    numHits: Uint32Array.from(rows, (t) => sizes[t]),
    particle: Float64Array.from(best, (k) => particles.values[pairs.column[k]]),
    particleHits: Uint32Array.from(best, (k) => particleSizes[pairs.column[k]]),
    majorityHits: Uint32Array.from(best, (k) => pairs.start[k + 1] - pairs.start[k]),
    majorityWeight: Float64Array.from(best, (k) => {
      const hits = pairs.order.subarray(pairs.start[k], pairs.start[k + 1]);
      return hits.reduce((sum, hit) => sum + weight[hit], 0) / totalWeight;
    }),
  };
}

/** Ranks of the labels, then one more for each hit in no track, by particle. */
function rankTracks(labels: Float64Array, particles: Ranks): Ranks {
  const rows = Array.from(labels.keys());
  const absent = rows.filter((hit) => Number.isNaN(labels[hit]));
  absent.sort((a, b) => particles.of[a] - particles.of[b]); // stable
  const present = rank(labels.filter((label) => !Number.isNaN(label)));
  const of = new Uint32Array(labels.length);
  let next = 0;
  for (const hit of rows) if (!Number.isNaN(labels[hit])) of[hit] = present.of[next++];
  absent.forEach((hit, i) => {
    of[hit] = present.values.length + i;
  });
  const values = new Float64Array(present.values.length + absent.length).fill(Number.NaN);
  values.set(present.values);
  return { values, of };
}
