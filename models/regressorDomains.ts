/**
 * Domain decomposition for the Transformer Regressor (arXiv:2407.07179): each of sixteen parts of an event, by
 * direction, is regressed and clustered by itself. Attention then costs less, and tracks across parts break.
 */
import { hdbscan } from "../src/tracking/clustering/hdbscan.ts";
import {
  type DecomposeOptions,
  decompose,
  decompositionQuality,
} from "../src/tracking/features/decompose.ts";
import { numTracks, type Tracks } from "../src/tracking/tracks.ts";
import type { RegressorClustering } from "./publishedRegressors.ts";
import {
  type ClusteredEvent,
  type RegressedEvent,
  regressEvents,
  scoredEvent,
} from "./regressorEvaluation.ts";
import { type RegressorSample, sampleRows } from "./regressorSamples.ts";
import type { TransformerRegressor } from "./transformerRegressor.ts";

export interface DecomposedEvent {
  readonly sample: RegressorSample;
  /** Parts that have hits: rows of these in the event, and what the model says of the part alone. */
  readonly parts: readonly { readonly rows: Uint32Array; readonly regressed: RegressedEvent }[];
  /** Of the network, for all parts one after the other. */
  readonly milliseconds: number;
  /** Largest share of its hits that each particle has in one part: mean and spread over particles. */
  readonly quality: { readonly mean: number; readonly std: number };
}

/** What a model says of the parts of each event; `overlap` in rad. */
export async function regressDomains(
  model: TransformerRegressor,
  samples: readonly RegressorSample[],
  options: DecomposeOptions = {},
): Promise<DecomposedEvent[]> {
  const events: DecomposedEvent[] = [];
  for (const sample of samples) {
    const rows = decompose(sample.positions, options).filter(({ length }) => length > 0);
    const regressed = await regressEvents(
      model,
      rows.map((part) => sampleRows(sample, part)),
    );
    const milliseconds = regressed.reduce((sum, part) => sum + part.milliseconds, 0);
    const parts = rows.map((part, p) => ({ rows: part, regressed: regressed[p] }));
    events.push({ sample, parts, milliseconds, quality: qualityOf(sample, options) });
  }
  return events;
}

/** Of the hits of particles; noise is nobody's. */
function qualityOf(sample: RegressorSample, options: DecomposeOptions) {
  const { particle } = sample.truth;
  const rows = Array.from(particle, (_, hit) => hit).filter((hit) => particle[hit] !== 0);
  const { positions, truth } = sampleRows(sample, rows);
  return decompositionQuality(decompose(positions, options), truth.particle);
}

/** Tracks of all parts, scored as tracks of the whole event. */
export const clusterDomains = (
  events: readonly DecomposedEvent[],
  { minClusterSize, minSamples }: RegressorClustering,
  { compat = false } = {},
): ClusteredEvent[] =>
  events.map(({ sample, parts }) => {
    const start = performance.now();
    const found = parts.map(({ rows, regressed }) => ({
      rows,
      tracks: hdbscan(regressed.parameters, { minClusterSize, minSamples }),
    }));
    const labels = joinTracks(found, sample.hits.numHits);
    return scoredEvent(sample, labels, { milliseconds: performance.now() - start, compat });
  });

/** Labels of the whole event. A hit that several parts have is in the longest of its tracks. */
export function joinTracks(
  parts: readonly { readonly rows: Uint32Array; readonly tracks: Tracks }[],
  numHits: number,
): Tracks {
  const joined = new Int32Array(numHits).fill(-1);
  const lengthOf = new Uint32Array(numHits); // of the track that the hit is in so far
  let first = 0;
  for (const { rows, tracks } of parts) {
    const count = numTracks(tracks);
    const lengths = new Uint32Array(count);
    for (const track of tracks) if (track >= 0) lengths[track]++;
    rows.forEach((hit, r) => {
      const track = tracks[r];
      if (track < 0 || lengths[track] <= lengthOf[hit]) return;
      joined[hit] = first + track;
      lengthOf[hit] = lengths[track];
    });
    first += count;
  }
  return joined;
}
