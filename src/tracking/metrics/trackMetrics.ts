import { ShapeError } from "../../engine/errors.ts";
import type { Event } from "../event.ts";
import { hitEta, hitPt, reconstructable } from "../particles.ts";
import type { Tracks } from "../tracks.ts";
import { type ClusterOptions, type ClusterRates, clusterMetrics } from "./clusterMetrics.ts";
import { type HitTruth, trackmlScore } from "./trackmlScore.ts";

export interface TrackMetricsOptions extends ClusterOptions {
  readonly minPt?: number; // GeV, of the particles that the rates are about
}

/** TrackML score of all tracks, and rates among reconstructable particles with pt ≥ minPt. */
export interface TrackMetrics extends ClusterRates {
  readonly trackml: number;
}

/**
 * What a physicist asks of tracks, for one event with particles and truth. Hits without a truth row are
 * left out of every count. An average over events is the plain mean.
 */
export function trackMetrics(
  tracks: Tracks,
  event: Event,
  options: TrackMetricsOptions = {},
): TrackMetrics {
  const { minPt = 0.9 } = options;
  const { truth } = event;
  if (!truth || !event.particles)
    throw new ShapeError(`trackMetrics: expected particles and truth, got ${event}`);
  if (tracks.length !== event.numHits)
    throw new ShapeError(
      `trackMetrics(tracks): expected i32 [${event.numHits}], got [${tracks.length}]`,
    );
  const known = <T extends { filter(test: (_: number, hit: number) => boolean): T }>(
    values: T,
  ): T => values.filter((_, hit) => truth.isKnown[hit] === 1);
  const label = known(tracks);
  const hits = { label, particle: known(truth.particleIndex), pt: known(hitPt(event)) };
  const cuts = { eta: known(hitEta(event)), reconstructable: known(reconstructable(event)) };
  const [rates] = clusterMetrics({ ...hits, ...cuts }, { ...options, ptThresholds: [minPt] });
  const { minPt: _, ...counts } = rates;
  return { trackml: trackmlScore(label, hitTruth(event)), ...counts };
}

/** Particle and weight of every hit that has a truth row. */
export function hitTruth({ truth }: Event): HitTruth {
  if (!truth) return { particle: [], weight: [] };
  const isKnown = (_: number, hit: number) => truth.isKnown[hit] === 1;
  return { particle: truth.particleIndex.filter(isKnown), weight: truth.weight.filter(isKnown) };
}

/**
 * Particle ids rounded to float32, f64 [H], as the Transformer Regressor's loader does. Different
 * particles of an event become one: only for comparison with its published numbers.
 */
export const float32ParticleIds = (event: Event): Float64Array =>
  Float64Array.from(event.truth?.particleIndex ?? [], (p) =>
    Math.fround(Number(event.particleIds[p])),
  );
