/**
 * Double majorities as Exa.TrkX counts them in development (`track_utils` of arXiv:2103.06995's code).
 *
 * A track of at least `minTrackHits` is matched by every particle that has half of its hits or more, so
 * an even split counts twice. A particle is found if, moreover, it is the one of which that track
 * holds the largest share, at least half, and it has `minParticleHits`.
 */
import { type MatchedHits, trackMatches } from "./trackMatching.ts";

export interface MajorityOptions {
  readonly minTrackHits?: number; // default 5
  readonly minParticleHits?: number; // default 9
}

export interface MajorityCounts {
  readonly numParticles: number; // all of them
  readonly numTracks: number;
  readonly numMatchedTracks: number;
  readonly numMatchedTracksOfInterest: number; // by particles of enough hits
  readonly numDuplicates: number; // of those, beyond one per particle found
  readonly foundParticles: Float64Array; // ascending
  readonly longParticles: Float64Array; // of enough hits, ascending
}

export function majorityCounts(hits: MatchedHits, options: MajorityOptions = {}): MajorityCounts {
  const { minTrackHits = 5, minParticleHits = 9 } = options;
  const rows = trackMatches(hits, { minTrackHits });
  const { track, particle, shared, trackHits, particleHits, isMatchable } = rows;
  const indices = Array.from(track.keys());
  const isParticle = (k: number) => particle[k] > 0;
  const isLong = (k: number) => isParticle(k) && particleHits[k] >= minParticleHits;
  const candidates = indices.filter((k) => isMatchable[k] && isParticle(k));
  const matched = candidates.filter((k) => 2 * shared[k] >= trackHits[k]);

  const completeness = (k: number) => shared[k] / particleHits[k];
  const largest = new Map<number, number>(); // completeness in each track, at least half
  for (const k of candidates)
    largest.set(track[k], Math.max(largest.get(track[k]) ?? 0.5, completeness(k)));
  const isFound = (k: number) => completeness(k) === largest.get(track[k]);
  const particlesOf = (chosen: number[]) =>
    Float64Array.from(new Set(chosen.map((k) => particle[k]))).sort();

  const ofInterest = matched.filter(isLong);
  const foundParticles = particlesOf(ofInterest.filter(isFound));
  return {
    numParticles: particlesOf(indices.filter(isParticle)).length,
    numTracks: new Set(indices.filter((k) => isMatchable[k]).map((k) => track[k])).size,
    numMatchedTracks: matched.length,
    numMatchedTracksOfInterest: ofInterest.length,
    numDuplicates: ofInterest.length - foundParticles.length,
    foundParticles,
    longParticles: particlesOf(indices.filter(isLong)),
  };
}
