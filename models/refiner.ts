/**
 * The refiner of the Transformer Regressor (arXiv:2407.07179): a smaller network of the same kind that
 * learns the parameters of pure tracks; what it says of the hits of a found track shows which do not belong.
 */
import { indices, tensor } from "../src/engine/create.ts";
import { ShapeError } from "../src/engine/errors.ts";
import type { Rng } from "../src/engine/random.ts";
import { rowsByValue } from "../src/tracking/columns.ts";
import {
  type HitSequence,
  hitSequence,
  packSequences,
  type Standardisation,
  sequenceRows,
} from "../src/tracking/sequence.ts";
import type { Tracks } from "../src/tracking/tracks.ts";
import { type ClusteredEvent, scoredEvent } from "./regressorEvaluation.ts";
import { type RegressorSample, sampleRows } from "./regressorSamples.ts";
import { TransformerRegressor } from "./transformerRegressor.ts";

/** Sizes of the published refiner of TrackML tracks; it learns with `regressorLoss`, as the regressor does. */
export const refinerSizes = {
  inputs: 3,
  outputs: 4,
  numLayers: 3,
  width: 32,
  numHeads: 2,
  hiddenDim: 64,
} as const;

/** An untrained refiner. */
export const refinerModel = (options: { rng?: Rng; dropout?: number } = {}): TransformerRegressor =>
  new TransformerRegressor({ ...refinerSizes, dropout: 0.1, ...options });

/** What a refiner learns from: each true track of an event by itself, without noise. */
export function trackSamples(sample: RegressorSample): RegressorSample[] {
  const rowsOf = rowsByValue(sample.truth.particle);
  rowsOf.delete(0); // noise
  return [...rowsOf].map(([particle, rows]) => ({
    ...sampleRows(sample, rows),
    name: `${sample.name}-${particle}`,
  }));
}

export interface RefineOptions {
  /** Mean squared distance from the median, above the smallest of the track, from which a hit goes: 0.005. */
  readonly cutoff?: number;
  /** Tracks that would keep fewer keep all: 4. */
  readonly minHits?: number;
}

/** A found track, or the hits that are in none, with what the refiner leaves of it. */
export interface RefinedTrack {
  readonly label: number;
  /** Rows of hits, ascending. */
  readonly kept: readonly number[];
}

/**
 * Tracks in order of their first hits, label −1 among them, as published: with the parameters p [n, O] of
 * its hits and their lower median m [O], a track keeps the hits with
 *
 *   e = mean_o (p_o − m_o)² < min e + cutoff
 *
 * hits f32 [H, I] standardised for the refiner; tracks [H] label per hit. One forward pass for all tracks.
 */
export async function refine(
  model: TransformerRegressor,
  hits: HitSequence,
  tracks: ArrayLike<number>,
  { cutoff = 0.005, minHits = 4 }: RefineOptions = {},
): Promise<RefinedTrack[]> {
  if (tracks.length !== hits.numHits)
    throw new ShapeError(`refine(tracks): expected i32 [${hits.numHits}], got [${tracks.length}]`);
  const found = [...rowsByValue(tracks)];
  if (found.length === 0) return [];
  const packed = packSequences(found.map(([, rows]) => sequenceRows(hits, rows)));
  const { features, offsets, numHits, numFeatures } = packed;
  const regressed = model.forward(tensor(features, [1, numHits, numFeatures]), null, {
    offsets: indices(offsets, [offsets.length]),
  });
  const dim = regressed.shape[2];
  const data = await regressed.data();
  regressed.dispose();
  return found.map(([label, rows], t) => {
    const errors = medianErrors(data.subarray(offsets[t] * dim, offsets[t + 1] * dim), dim);
    const limit = errors.reduce((least, error) => Math.min(least, error)) + cutoff;
    const kept = rows.filter((_, hit) => errors[hit] < limit);
    return { label, kept: kept.length < minHits ? rows : kept };
  });
}

/** Tracks without the hits that the refiner takes out: these are in no track then. */
export async function refineTracks(
  model: TransformerRegressor,
  hits: HitSequence,
  tracks: Tracks,
  options: RefineOptions = {},
): Promise<Tracks> {
  const refined = new Int32Array(tracks.length).fill(-1);
  for (const { label, kept } of await refine(model, hits, tracks, options))
    for (const hit of kept) refined[hit] = label;
  return refined;
}

/**
 * Found tracks of an event, refined and scored; `scale` is that of the refiner. With `compat` as published:
 * hits that are taken out leave the truth too, which raises scores.
 */
export async function refineEvent(
  model: TransformerRegressor,
  sample: RegressorSample,
  tracks: Tracks,
  { scale, compat = false }: { scale: Standardisation; compat?: boolean },
): Promise<ClusteredEvent> {
  const start = performance.now();
  const hits = hitSequence({ hits: sample.positions }, scale);
  const refined = await refineTracks(model, hits, tracks);
  const milliseconds = performance.now() - start;
  if (!compat) return scoredEvent(sample, refined, { milliseconds, compat });
  const rows = (await refine(model, hits, tracks)).flatMap(({ kept }) => kept);
  const labels = Int32Array.from(rows, (row) => tracks[row]);
  return scoredEvent(sampleRows(sample, rows), labels, { milliseconds, compat });
}

/** Mean squared distance of every row of parameters [n, dim] from their lower median. */
function medianErrors(parameters: ArrayLike<number>, dim: number): Float64Array {
  const errors = new Float64Array(parameters.length / dim);
  for (let p = 0; p < dim; p++) {
    const values = Float64Array.from(errors, (_, hit) => parameters[hit * dim + p]);
    const median = values.toSorted()[(values.length - 1) >> 1];
    values.forEach((value, hit) => {
      errors[hit] += (value - median) ** 2 / dim;
    });
  }
  return errors;
}
