/**
 * Which tracks found which particles, as the tracking papers count it (ATLAS; EggNet, arXiv:2407.13925;
 * Exa.TrkX, arXiv:2103.06995): one row for each track and particle that share hits.
 *
 *   purity    shared / hits of the track          completeness   shared / hits of the particle
 */
import { ShapeError } from "../../engine/errors.ts";
import { contingency, countOf, rank } from "./contingency.ts";

/**
 *             the track is matched by      the particle is found by
 *   ATLAS     purity                       purity
 *   one_way   purity                       completeness
 *   two_way   both                         both (double majority)
 */
const styles = {
  ATLAS: ({ isPure }: Shares) => ({ isMatched: isPure, isFound: isPure }),
  one_way: ({ isPure, isComplete }: Shares) => ({ isMatched: isPure, isFound: isComplete }),
  two_way: ({ isPure, isComplete }: Shares) => {
    const isBoth = isPure && isComplete;
    return { isMatched: isBoth, isFound: isBoth };
  },
};

interface Shares {
  readonly isPure: boolean;
  readonly isComplete: boolean;
}

export type MatchingStyle = keyof typeof styles;

/** The hits [H] of one event. */
export interface MatchedHits {
  readonly label: ArrayLike<number>; // of the track; below 0 or NaN: in none
  readonly particle: ArrayLike<number>; // 0 or less: noise
  /** 1 where the hit's particle is one that should be found. Default: every particle. */
  readonly isTarget?: ArrayLike<number>;
}

export interface MatchingOptions {
  readonly style?: MatchingStyle; // default "ATLAS"
  /** What purity and completeness must reach, 0.5 … 1; exactly 0.5 means more than half. Default 0.5. */
  readonly fraction?: number;
  /** Tracks of fewer hits count neither as found nor as fake. Default 3. */
  readonly minTrackHits?: number;
  /**
   * As published. Both: noise is a particle like others, so that a track of noise is no fake.
   * "acorn" (and Exa.TrkX): moreover all hits in no track are one track. "eggnet": the fake rate is
   * per matched particle.
   */
  readonly compat?: "acorn" | "eggnet";
}

/** One entry per row [K], by track, then particle; hits in no track are one track here, NaN. */
export interface TrackMatches {
  readonly track: Float64Array;
  readonly particle: Float64Array;
  readonly shared: Uint32Array;
  readonly trackHits: Uint32Array;
  readonly particleHits: Uint32Array;
  readonly isMatchable: Uint8Array; // the track is long enough
  readonly isTarget: Uint8Array; // the particle should be found
  readonly isMatched: Uint8Array; // the track counts as good
  readonly isFound: Uint8Array; // the particle counts as found, if the track is long enough
}

/** Compares the tracks of one event with its particles. */
export function trackMatches(hits: MatchedHits, options: MatchingOptions = {}): TrackMatches {
  const { style = "ATLAS", fraction = 0.5, minTrackHits = 3, compat } = options;
  checkOptions(hits, style, fraction);
  const label = Float64Array.from(hits.label, (l) =>
    l >= 0 || compat === "acorn" ? l : Number.NaN,
  );
  const tracks = rank(label);
  const particles = rank(hits.particle);
  const { row, column, start } = contingency(tracks, particles);
  const [trackSizes, particleSizes] = [countOf(tracks), countOf(particles)];
  const isEnough = (part: number, whole: number) =>
    fraction === 0.5 ? 2 * part > whole : part >= fraction * whole;

  const targets = new Uint8Array(particles.values.length);
  for (const [hit, p] of particles.of.entries())
    if (hits.isTarget?.[hit] ?? particles.values[p] > 0) targets[p] = 1;

  const columns = { length: row.length };
  const shared = Uint32Array.from(columns, (_, k) => start[k + 1] - start[k]);
  const verdicts = Array.from(columns, (_, k) => {
    const isParticle = particles.values[column[k]] > 0 || compat !== undefined;
    if (!isParticle || Number.isNaN(tracks.values[row[k]]))
      return { isMatched: false, isFound: false };
    return styles[style]({
      isPure: isEnough(shared[k], trackSizes[row[k]]),
      isComplete: isEnough(shared[k], particleSizes[column[k]]),
    });
  });
  const track = Float64Array.from(row, (t) => tracks.values[t]);
  const trackHits = Uint32Array.from(row, (t) => trackSizes[t]);
  const isLong = (t: number, k: number) => !Number.isNaN(t) && trackHits[k] >= minTrackHits;
  return {
    track,
    particle: Float64Array.from(column, (p) => particles.values[p]),
    shared,
    trackHits,
    particleHits: Uint32Array.from(column, (p) => particleSizes[p]),
    isMatchable: Uint8Array.from(track, (t, k) => Number(isLong(t, k))),
    isTarget: Uint8Array.from(column, (p) => targets[p]),
    isMatched: Uint8Array.from(verdicts, ({ isMatched }) => Number(isMatched)),
    isFound: Uint8Array.from(verdicts, ({ isFound }) => Number(isFound)),
  };
}

function checkOptions(hits: MatchedHits, style: string, fraction: number): void {
  const numHits = hits.label.length;
  for (const name of ["particle", "isTarget"] as const) {
    const got = hits[name]?.length ?? numHits;
    if (got !== numHits)
      throw new ShapeError(
        `trackMatches(${name}): expected [${numHits}], like label, got [${got}]`,
      );
  }
  if (!Object.hasOwn(styles, style))
    throw new ShapeError(
      `trackMatches(style): expected ${Object.keys(styles).join(", ")}, got ${style}`,
    );
  if (!(fraction >= 0.5 && fraction <= 1))
    throw new ShapeError(
      `trackMatches(fraction): expected 0.5 … 1, got ${fraction} (less would match two particles)`,
    );
}
