import { ShapeError } from "../../engine/errors.ts";
import type { Event, Truth } from "../event.ts";
import { hitEta, hitPt, hitReconstructable } from "../particleOfHit.ts";
import type { Tracks } from "../tracks.ts";
import {
  type ClusterOptions,
  type ClusterRates,
  clusterMetrics,
  type LabelledHits,
} from "./clusterMetrics.ts";
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
  const hits = labelledHits(tracks, event);
  const [{ minPt: _, ...rates }] = clusterMetrics(hits, { ...options, ptThresholds: [minPt] });
  return { trackml: trackmlScore(hits.label, hitTruth(event)), ...rates };
}

/** What `clusterMetrics` asks of every hit that has a truth row; the event must have particles. */
export function labelledHits(tracks: Tracks, event: Event): LabelledHits {
  const { isKnown, particleIndex } = truthOf(event);
  if (!event.particles) throw new ShapeError(`trackMetrics: expected particles, got ${event}`);
  const got = tracks.length;
  if (got !== event.numHits)
    throw new ShapeError(`trackMetrics(tracks): expected i32 [${event.numHits}], got [${got}]`);
  const keep = (_: number, hit: number) => isKnown[hit] === 1;
  return {
    label: tracks.filter(keep),
    particle: particleIndex.filter(keep),
    pt: hitPt(event).filter(keep),
    eta: hitEta(event).filter(keep),
    reconstructable: hitReconstructable(event).filter(keep),
  };
}

/** Particle and weight of every hit that has a truth row. */
export function hitTruth(event: Event): HitTruth {
  const { isKnown, particleIndex, weight } = truthOf(event);
  const keep = (_: number, hit: number) => isKnown[hit] === 1;
  return { particle: particleIndex.filter(keep), weight: weight.filter(keep) };
}

/**
 * Particle ids rounded to float32, f64 [H], as the Transformer Regressor's loader does. Different
 * particles of an event become one: only for comparison with its published numbers.
 */
export const float32ParticleIds = (event: Event): Float64Array =>
  Float64Array.from(truthOf(event).particleIndex, (p) => Math.fround(Number(event.particleIds[p])));

function truthOf(event: Event): Truth {
  if (!event.truth) throw new ShapeError(`truth: expected an event with truth, got ${event}`);
  return event.truth;
}
