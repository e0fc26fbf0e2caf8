/**
 * Efficiency, fake rate and duplicate rate of tracks, over all events or in bins of something, each with
 * its Clopper–Pearson interval.
 *
 *   efficiency       particles found / particles that should be
 *   fake rate        1 − tracks matched / tracks
 *   duplicate rate   (findings − particles found) / particles found
 */
import { ShapeError } from "../../engine/errors.ts";
import { complement, type Interval, type Proportion, proportion } from "./proportion.ts";
import {
  type MatchedHits,
  type MatchingOptions,
  type TrackMatches,
  trackMatches,
} from "./trackMatching.ts";

export interface MatchingCounts {
  readonly numParticles: number; // that should be found
  readonly numFoundParticles: number;
  readonly numFindings: number; // pairs of a track and the particle it found
  readonly numTracks: number; // long enough
  readonly numMatchedTracks: number;
  readonly numMatchedParticles: number; // by those tracks, whether they should be or not
}

export interface MatchingRates extends MatchingCounts {
  readonly efficiency: Proportion;
  readonly fakeRate: Proportion;
  /** Per particle found; above 1 where most are found twice. */
  readonly duplicateRate: Interval & { readonly value: number };
}

/** The rates of all events together. */
export function matchingRates(
  events: readonly MatchedHits[],
  options: MatchingOptions = {},
): MatchingRates {
  const counts = events.map((hits) => countMatches(trackMatches(hits, options)));
  return ratesOf(sumOf(counts), options.compat);
}

/** Rates where low ≤ value < high. */
export interface BinnedMatching extends MatchingRates {
  readonly low: number;
  readonly high: number;
}

/**
 * The rates in bins of a value of each hit's particle (pt, η, φ, vertex radius, number of hits), values
 * [H] per event, edges ascending. A particle has the value of its first hit, a track the middle one of
 * its hits (that of its majority, if it has one); NaN is in no bin.
 */
export function matchingRatesInBins(
  events: readonly MatchedHits[],
  values: readonly ArrayLike<number>[],
  edges: readonly number[],
  options: MatchingOptions = {},
): BinnedMatching[] {
  const tables = events.map((hits, e) => {
    const numHits = hits.label.length;
    if (values[e]?.length !== numHits)
      throw new ShapeError(
        `matchingRatesInBins(values): expected [${numHits}] for event ${e}, like its hits, ` +
          `got [${values[e]?.length ?? 0}]`,
      );
    const matches = trackMatches(hits, options);
    const ofParticle = firstValues(hits.particle, values[e]);
    const ofTrack = middleValues(hits.label, values[e]);
    return {
      matches,
      particleValue: matches.particle.map((p) => ofParticle.get(p) as number),
      trackValue: matches.track.map((t) => ofTrack.get(t) ?? Number.NaN),
    };
  });
  return edges.slice(0, -1).map((low, bin) => {
    const high = edges[bin + 1];
    const isInside = (value: number) => value >= low && value < high;
    const counts = tables.map(({ matches, particleValue, trackValue }) =>
      countMatches(
        matches,
        (k) => isInside(particleValue[k]),
        (k) => isInside(trackValue[k]),
      ),
    );
    return { low, high, ...ratesOf(sumOf(counts), options.compat) };
  });
}

/** Counts the rows whose particle, or track, is asked for. */
export function countMatches(
  matches: TrackMatches,
  isParticleCounted: (row: number) => boolean = () => true,
  isTrackCounted: (row: number) => boolean = () => true,
): MatchingCounts {
  const { track, particle, isMatchable, isTarget, isMatched, isFound } = matches;
  const sets = Array.from({ length: 5 }, () => new Set<number>());
  const [particles, foundParticles, tracks, matchedTracks, matchedParticles] = sets;
  let numFindings = 0;
  for (let k = 0; k < track.length; k++) {
    if (isTarget[k] && isParticleCounted(k)) {
      particles.add(particle[k]);
      if (isFound[k] && isMatchable[k]) {
        foundParticles.add(particle[k]);
        numFindings++;
      }
    }
    if (!isMatchable[k] || !isTrackCounted(k)) continue;
    tracks.add(track[k]);
    if (!isMatched[k]) continue;
    matchedTracks.add(track[k]);
    matchedParticles.add(particle[k]);
  }
  return {
    numParticles: particles.size,
    numFoundParticles: foundParticles.size,
    numFindings,
    numTracks: tracks.size,
    numMatchedTracks: matchedTracks.size,
    numMatchedParticles: matchedParticles.size,
  };
}

function ratesOf(counts: MatchingCounts, compat?: MatchingOptions["compat"]): MatchingRates {
  const { numParticles, numFoundParticles, numFindings, numTracks, numMatchedTracks } = counts;
  const fakes = complement(proportion(numMatchedTracks, numTracks));
  const scale = compat === "eggnet" ? numTracks / counts.numMatchedParticles : 1;
  // per particle found is the odds of a second finding, which grow with its share of all findings
  const { value, low, high } = proportion(numFindings - numFoundParticles, numFindings);
  const odds = (share: number) => share / (1 - share);
  return {
    ...counts,
    efficiency: proportion(numFoundParticles, numParticles),
    fakeRate: {
      ...fakes,
      value: scale * fakes.value,
      low: scale * fakes.low,
      high: scale * fakes.high,
    },
    duplicateRate: { value: odds(value), low: odds(low), high: odds(high) },
  };
}

function sumOf(counts: readonly MatchingCounts[]): MatchingCounts {
  const sum = (name: keyof MatchingCounts) => counts.reduce((total, c) => total + c[name], 0);
  return {
    numParticles: sum("numParticles"),
    numFoundParticles: sum("numFoundParticles"),
    numFindings: sum("numFindings"),
    numTracks: sum("numTracks"),
    numMatchedTracks: sum("numMatchedTracks"),
    numMatchedParticles: sum("numMatchedParticles"),
  };
}

function firstValues(keys: ArrayLike<number>, values: ArrayLike<number>): Map<number, number> {
  const first = new Map<number, number>();
  for (let h = 0; h < keys.length; h++) if (!first.has(keys[h])) first.set(keys[h], values[h]);
  return first;
}

function middleValues(keys: ArrayLike<number>, values: ArrayLike<number>): Map<number, number> {
  const all = new Map<number, number[]>();
  for (let h = 0; h < keys.length; h++) {
    if (Number.isNaN(values[h])) continue;
    const own = all.get(keys[h]);
    if (own) own.push(values[h]);
    else all.set(keys[h], [values[h]]);
  }
  const middle = (own: number[]) => own.sort((a, b) => a - b)[(own.length - 1) >> 1];
  return new Map(Array.from(all, ([key, own]) => [key, middle(own)]));
}
