/** What a trained Transformer Regressor is worth: scores of its tracks, and times. */
import { tensor } from "../src/engine/create.ts";
import { hdbscan } from "../src/tracking/clustering/hdbscan.ts";
import type { Points } from "../src/tracking/clustering/points.ts";
import { scanHdbscan } from "../src/tracking/clusteringScan.ts";
import { residualStatistics } from "../src/tracking/metrics/residualStatistics.ts";
import {
  type TrackFormersMetrics,
  trackFormersMetrics,
} from "../src/tracking/metrics/trackFormersMetrics.ts";
import { trackmlScore } from "../src/tracking/metrics/trackmlScore.ts";
import type { HitSequence } from "../src/tracking/sequence.ts";
import { numTracks, type Tracks } from "../src/tracking/tracks.ts";
import type { RegressorClustering } from "./publishedRegressors.ts";
import type { RegressorSample } from "./regressorSamples.ts";
import type { TransformerRegressor } from "./transformerRegressor.ts";

/** An event with what the model says of its hits. */
export interface RegressedEvent {
  readonly sample: RegressorSample;
  /** f32 [H, O] */
  readonly parameters: Points;
  /** From the hits on the host to the parameters there. */
  readonly milliseconds: number;
}

/** Parameters of the track of every hit of one event. */
export async function regressHits(
  model: TransformerRegressor,
  { features, numHits, numFeatures }: HitSequence,
): Promise<Points> {
  if (numHits === 0) return { data: new Float32Array(), numPoints: 0, dim: 1 };
  const regressed = model.forward(tensor(features, [1, numHits, numFeatures]));
  const data = await regressed.data();
  regressed.dispose();
  return { data, numPoints: numHits, dim: regressed.shape[2] };
}

/** Events one by one, as they come from a detector, so that times are those of an event. */
export async function regressEvents(
  model: TransformerRegressor,
  samples: readonly RegressorSample[],
  onEvent: () => void = () => {},
): Promise<RegressedEvent[]> {
  const events: RegressedEvent[] = [];
  for (const sample of samples) {
    const start = performance.now();
    const parameters = await regressHits(model, sample.hits);
    events.push({ sample, parameters, milliseconds: performance.now() - start });
    onEvent();
  }
  return events;
}

export interface ScannedClustering extends RegressorClustering {
  /** Mean TrackML score. */
  readonly trackml: number;
}

/** The published grid of both settings. */
const published = [2, 3, 4, 5, 6, 7, 8, 9];

/** Mean score of validation events for every pair of settings, the best first. */
export function scanClustering(
  events: readonly RegressedEvent[],
  { sizes = published, samples = published }: { sizes?: number[]; samples?: number[] } = {},
): ScannedClustering[] {
  const judged = events.map(({ sample, parameters }) => ({
    points: parameters,
    split: "validation" as const,
    truth: sample.truth,
  }));
  const grid = { minClusterSize: sizes, minSamples: samples };
  const rows = scanHdbscan(judged, grid, (labels, { truth }) => trackmlScore(labels, truth));
  return rows.map(({ setting, mean }) => ({
    minClusterSize: setting.minClusterSize,
    minSamples: setting.minSamples,
    trackml: mean,
  }));
}

/** Mean of each rate over the events where it is defined. */
export function meanScores(scores: readonly TrackFormersMetrics[]): TrackFormersMetrics {
  const mean = (rate: keyof TrackFormersMetrics) => {
    const values = scores.map((score) => score[rate]).filter((value) => !Number.isNaN(value));
    return values.reduce((sum, value) => sum + value, 0) / values.length;
  };
  return {
    trackml: mean("trackml"),
    perfect: mean("perfect"),
    doubleMajority: mean("doubleMajority"),
    lhc: mean("lhc"),
  };
}

export interface ClusteredEvent extends TrackFormersMetrics {
  readonly event: string;
  readonly hits: number;
  readonly tracks: number;
  readonly labels: Tracks;
  /** Of clustering, on the processor. */
  readonly milliseconds: number;
}

/** Tracks of every event, and their scores. */
export const clusterEvents = (
  events: readonly RegressedEvent[],
  { minClusterSize, minSamples }: RegressorClustering,
  { compat = false } = {},
): ClusteredEvent[] =>
  events.map(({ sample, parameters }) => {
    const start = performance.now();
    const labels = hdbscan(parameters, { minClusterSize, minSamples });
    return scoredEvent(sample, labels, { milliseconds: performance.now() - start, compat });
  });

/** Tracks of an event with their scores; `milliseconds` were spent on finding them. */
export function scoredEvent(
  { name, hits, truth }: RegressorSample,
  labels: Tracks,
  { milliseconds, compat }: { milliseconds: number; compat: boolean },
): ClusteredEvent {
  const scores = trackFormersMetrics(labels, truth, { compat });
  const found = { event: name, hits: hits.numHits, tracks: numTracks(labels) };
  return { ...found, ...scores, labels, milliseconds };
}

/** Mean and spread of times in ms, without the first event, which pays for what is made once. */
export function timesOf(milliseconds: readonly number[]): { mean: number; std: number } {
  const { mean, std } = residualStatistics(
    milliseconds.length > 1 ? milliseconds.slice(1) : milliseconds,
  );
  return { mean, std };
}
