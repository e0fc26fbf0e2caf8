/**
 * Scores of the Transformer Regressor paper (arXiv:2407.07179): rates over the majority table of the
 * TrackML score.
 *
 *   perfect          #(m = N, m/n > 0.99, n ≥ 3) / particles
 *   double majority  #(m/n > ½, m/N > ½, n ≥ 3) / particles
 *   LHC              #(m/n > ¾, n ≥ 3) / tracks
 *
 * All particles of the event count, without a cut on pt, η or length; so do tracks of one or two hits.
 * In the paper each hit of a REDVID event weighs 1.
 */
import { type HitTruth, isGood, type TrackTable, trackTable } from "./trackmlScore.ts";

export interface TrackFormersOptions {
  /**
   * As published: noise (particle 0) is a particle like others, and if every hit has label −1 these hits
   * are one track. (There, particle ids are rounded to float32 first, which merges particles: pass
   * `float32ParticleIds(event)` for that.)
   */
  readonly compat?: boolean;
}

/** Rates from 0 to 1, NaN where their denominator is 0. */
export interface TrackFormersMetrics {
  readonly trackml: number;
  readonly perfect: number;
  readonly doubleMajority: number;
  readonly lhc: number;
}

const minHits = 3; // fewer fix no helix

/** tracks [H]: label per hit, −1 = no track. */
export function trackFormersMetrics(
  tracks: ArrayLike<number>,
  truth: HitTruth,
  { compat = false }: TrackFormersOptions = {},
): TrackFormersMetrics {
  const table = trackTable(tracks, truth, { compat });
  // hits in no track are at the end of the table, and are no tracks here
  const isTrack = (t: number) => !Number.isNaN(table.track[t]);
  const isParticle = (p: number) => compat || p !== 0;
  const rows = Array.from(table.track.keys()).filter(isTrack);
  const numParticles = new Set(Array.from(truth.particle).filter(isParticle)).size;
  const isLong = (t: number) => table.numHits[t] >= minHits && isParticle(table.particle[t]);
  const count = (test: (t: number) => boolean) => rows.filter((t) => isLong(t) && test(t)).length;
  const good = rows.filter((t) => isGood(table, t) && table.majorityWeight[t] > 0);
  return {
    trackml: truth.particle.length === 0 ? Number.NaN : scoreOf(table, good),
    perfect: count((t) => isPerfect(table, t)) / numParticles,
    doubleMajority: count((t) => isGood(table, t)) / numParticles,
    lhc: count((t) => purity(table, t) > 0.75) / rows.length,
  };
}

const purity = (table: TrackTable, t: number): number => table.majorityHits[t] / table.numHits[t];

const isPerfect = (table: TrackTable, t: number): boolean =>
  table.majorityHits[t] === table.particleHits[t] && purity(table, t) > 0.99;

const scoreOf = (table: TrackTable, rows: readonly number[]): number =>
  rows.reduce((sum, t) => sum + table.majorityWeight[t], 0);
