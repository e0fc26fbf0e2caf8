/** Tracks of TrackML events by a Transformer Regressor, several events a forward pass. */
import { tensor } from "../src/engine/create.ts";
import { hdbscanAsync } from "../src/tracking/clustering/hdbscan.ts";
import type { HdbscanOptions } from "../src/tracking/clustering/hdbscanOptions.ts";
import type { SearchThreads } from "../src/tracking/clustering/searchTask.ts";
import type { Event } from "../src/tracking/event.ts";
import {
  hitSequence,
  padSequences,
  type Standardisation,
  trackmlStandardisation,
} from "../src/tracking/sequence.ts";
import type { Tracks } from "../src/tracking/tracks.ts";
import type { TransformerRegressor } from "./transformerRegressor.ts";

export interface ReconstructOptions {
  clustering: HdbscanOptions;
  /** Of the coordinates in mm; default: what suits the published weights. */
  standardisation?: Standardisation;
  /** Events per forward pass. */
  batchSize?: number;
  /** Who clusters large events: `ClusteringThreads` of trackgrad/node. */
  threads?: SearchThreads | undefined;
  /** Called after each event. */
  onEvent?: () => void;
}

/** Tracks of TrackML events: regress the parameters of every hit's track, then cluster the hits by them. */
export async function reconstructTracks(
  model: TransformerRegressor,
  events: readonly Event[],
  options: ReconstructOptions,
): Promise<Tracks[]> {
  const { clustering, threads, standardisation = trackmlStandardisation } = options;
  const { batchSize = 8, onEvent } = options;
  const tracks: Tracks[] = new Array(events.length);
  // Events of like length together: less padding.
  const order = [...events.keys()].sort((a, b) => events[a].numHits - events[b].numHits);
  for (let first = 0; first < order.length; first += batchSize) {
    const batch = order.slice(first, first + batchSize);
    const sequences = batch.map((e) => hitSequence(events[e], standardisation));
    const { features, mask, numEvents, maxHits, numFeatures } = padSequences(sequences);
    const hits = tensor(features, [numEvents, maxHits, numFeatures]);
    const isPadding = tensor(Uint32Array.from(mask), [numEvents, maxHits], { dtype: "bool" });
    const regressed = model.forward(hits, isPadding);
    const dim = regressed.shape[2];
    const data = await regressed.data();
    for (const [b, { numHits }] of sequences.entries()) {
      const start = b * maxHits * dim;
      const rows = data.subarray(start, start + numHits * dim);
      const points = { data: rows, numPoints: numHits, dim };
      tracks[batch[b]] = await hdbscanAsync(points, { ...clustering, threads });
      onEvent?.();
    }
  }
  return tracks;
}
