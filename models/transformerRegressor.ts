/**
 * Transformer Regressor (TrackFormers EncReg): an encoder over the hits of an event regresses, per
 * hit, the parameters of the track it belongs to; clustering those gives tracks.
 *
 * Caron, Dobreva, Ferrer Sánchez et al. 2024 (arXiv:2407.07179, EPJC 85 (2025) 460).
 */

import { tensor } from "../src/engine/create.ts";
import { FormatError, ShapeError } from "../src/engine/errors.ts";
import { Rng } from "../src/engine/random.ts";
import { showShape } from "../src/engine/shape.ts";
import type { Tensor } from "../src/engine/tensor.ts";
import type { AttentionExtras } from "../src/nn/layers/attention.ts";
import { EncoderLayer } from "../src/nn/layers/encoder.ts";
import type { TrainingPass } from "../src/nn/layers/layer.ts";
import { Linear } from "../src/nn/layers/linear.ts";
import { loadParameters, parameters, type StoredTensor } from "../src/nn/module.ts";
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

/** What a data type feeds in and regresses, in this order. */
export const regressorData = {
  "2d": { inputs: ["hit_x", "hit_y"], outputs: ["slope"] },
  linear: { inputs: ["hit_r", "hit_theta", "hit_z"], outputs: ["theta", "sin(phi)", "cos(phi)"] },
  curved: {
    inputs: ["hit_r", "hit_theta", "hit_z"],
    outputs: ["radial_coeff", "pitch_coeff", "azimuthal_coeff"],
  },
  trackml: { inputs: ["x", "y", "z"], outputs: ["theta", "sin(phi)", "cos(phi)", "q"] },
} as const;
export type RegressorDataType = keyof typeof regressorData;

/** Clustering of the regressed parameters that the authors found best. */
export interface RegressorClustering {
  minClusterSize: number;
  minSamples: number;
}

export interface PublishedRegressor extends RegressorClustering {
  dataType: RegressorDataType;
  numHeads: number;
}

/** The published weights by file name: the number of heads is not stored with them. */
export const publishedRegressors: Readonly<Record<string, PublishedRegressor>> = {
  redvid_3_linear_best: { dataType: "linear", numHeads: 8, minClusterSize: 2, minSamples: 3 },
  redvid_1to20_linear_best: { dataType: "linear", numHeads: 8, minClusterSize: 4, minSamples: 2 },
  redvid_10to50_linear_best: { dataType: "linear", numHeads: 4, minClusterSize: 4, minSamples: 2 },
  redvid_3_helical_best: { dataType: "curved", numHeads: 8, minClusterSize: 2, minSamples: 3 },
  redvid_1to20_helical_best: { dataType: "curved", numHeads: 8, minClusterSize: 5, minSamples: 2 },
  redvid_10to50_helical_best: { dataType: "curved", numHeads: 8, minClusterSize: 4, minSamples: 2 },
  "10to50_tml_best": { dataType: "trackml", numHeads: 4, minClusterSize: 5, minSamples: 2 },
  "50to100_tml_best": { dataType: "trackml", numHeads: 4, minClusterSize: 5, minSamples: 3 },
};

export interface RegressorOptions {
  /** Coordinates per hit and parameters per track; see `regressorData`. */
  inputs: number;
  outputs: number;
  numLayers?: number;
  width?: number;
  numHeads?: number;
  /** Width of the feed-forward part. */
  hiddenDim?: number;
  /** Attention without output projection, as in the published flash models; default: with it. */
  isUnprojected?: boolean;
  /** Probability while training; default: 0. */
  dropout?: number;
  /**
   * Keep what goes from layer to layer in half precision, on devices that store it: half the memory for
   * backward. Sums stay f32. Default: false.
   */
  isHalf?: boolean;
  rng?: Rng;
}

/** How events share a batch, and whether dropout drops. */
export interface RegressorPass extends Pick<AttentionExtras, "offsets"> {
  pass?: TrainingPass | undefined;
}

export class TransformerRegressor {
  readonly inputLayer: Linear;
  readonly encoder: { readonly layers: readonly EncoderLayer[] };
  readonly decoder: Linear;
  readonly isHalf: boolean;

  constructor(options: RegressorOptions) {
    const { isHalf = false, dropout = 0 } = options;
    this.isHalf = isHalf;
    const { inputs, outputs, numLayers = 6, width = 32, numHeads = 4, hiddenDim = 128 } = options;
    const rng = options.rng ?? new Rng(37); // the seed of the published trainings
    if (width % numHeads !== 0)
      throw new ShapeError(
        `TransformerRegressor: expected a width divisible by ${numHeads} heads, got ${width}`,
      );
    this.inputLayer = new Linear(inputs, width, rng);
    // The published stack repeats one layer, so all layers start alike: same seed for each.
    const { isUnprojected = false } = options;
    const layer = () =>
      new EncoderLayer({ width, numHeads, hiddenDim, isUnprojected, dropout, rng: rng.split(0) });
    this.encoder = { layers: Array.from({ length: numLayers }, layer) };
    this.decoder = new Linear(width, outputs, rng);
  }

  get numParameters(): number {
    return [...parameters(this).values()].reduce((sum, { size }) => sum + size, 0);
  }

  /**
   * hits f32 [B, N, inputs]; mask bool [B, N], true where a row is padding → f32 [B, N, outputs].
   * Padding rows get results too, without meaning.
   *
   * Events can also stand one after the other in a single row of the batch, B = 1, with `offsets` u32
   * [S + 1] of each: no padding, and hits see those of their own event.
   */
  forward(hits: Tensor, mask: Tensor | null = null, { pass, offsets }: RegressorPass = {}): Tensor {
    if (hits.rank !== 3)
      throw new ShapeError(
        `TransformerRegressor(hits): expected [B, N, inputs], got ${showShape(hits.shape)}`,
      );
    const extras = offsets ? { offsets } : {};
    const kept = (x: Tensor) => (this.isHalf ? x.cast("f16").cast("f32") : x);
    let x = kept(this.inputLayer.forward(hits));
    for (const layer of this.encoder.layers) x = kept(layer.forward(x, mask, pass, extras));
    return this.decoder.forward(x);
  }
}

/** A model with the sizes that a state dict shows, holding its values; `source` is named in errors. */
export function regressorFrom(
  state: ReadonlyMap<string, StoredTensor>,
  { numHeads, source = "state dict" }: { numHeads: number; source?: string },
): TransformerRegressor {
  const shapeOf = (key: string): readonly number[] => {
    const shape = state.get(key)?.shape;
    if (shape?.length !== 2)
      throw new FormatError(
        `${source}: expected the key ${key} of a transformer regressor, got ${shape ? showShape(shape) : "none"} (of ${state.size} keys)`,
      );
    return shape;
  };
  const [width, inputs] = shapeOf("input_layer.weight");
  const [outputs] = shapeOf("decoder.weight");
  const [hiddenDim] = shapeOf("encoder.layers.0.linear1.weight");
  const layerNumbers = [...state.keys()].flatMap(
    (key) => /^encoder\.layers\.(\d{1,3})\./.exec(key)?.[1] ?? [],
  );
  const numLayers = 1 + Math.max(...layerNumbers.map(Number));
  if (width % numHeads !== 0)
    throw new FormatError(
      `${source}: expected a width divisible by ${numHeads} heads, got ${width}`,
    );
  const model = new TransformerRegressor({
    inputs,
    outputs,
    numLayers,
    width,
    numHeads,
    hiddenDim,
    isUnprojected: state.has("encoder.layers.0.self_attn.c_attn.weight"),
  });
  loadParameters(model, state, source);
  return model;
}

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
