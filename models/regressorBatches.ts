/** Events of different length put together for the Transformer Regressor, and its loss. */
import { indices, tensor } from "../src/engine/create.ts";
import { ShapeError } from "../src/engine/errors.ts";
import type { Tensor } from "../src/engine/tensor.ts";
import type { TrainingPass } from "../src/nn/layers/layer.ts";
import { maskedMse } from "../src/nn/losses/mse.ts";
import { type Rng, splitMix } from "../src/tracking/random.ts";
import { packSequences, padSequences } from "../src/tracking/sequence.ts";
import type { RegressorSample } from "./regressorSamples.ts";
import type { TransformerRegressor } from "./transformerRegressor.ts";

export interface RegressorBatch {
  /** f32 [1, N, I] events in one row, or [B, N, I] padded. */
  readonly hits: Tensor;
  /** f32 [1 or B, N, O]; zeros where there is nothing to learn. */
  readonly targets: Tensor;
  /** bool [1 or B, N]: rows that the loss leaves out, padding and noise. */
  readonly isUntaught: Tensor;
  /** bool [B, N]: rows that are no hits; null without padding. */
  readonly isPadding: Tensor | null;
  /** u32 [B + 1]: where events begin; undefined if padded. */
  readonly offsets: Tensor | undefined;
  /** f32 [1, N, 1]: 1 / hits that the loss counts in the hit's event; undefined if padded. */
  readonly shares: Tensor | undefined;
}

/** Events one after the other: hits see those of their own event, and nothing is computed for padding. */
export function packedBatch(samples: readonly RegressorSample[]): RegressorBatch {
  const { features, offsets, numHits, numFeatures } = packSequences(
    samples.map(({ hits }) => hits),
  );
  const targets = packSequences(samples.map((sample) => sample.targets));
  return {
    hits: tensor(features, [1, numHits, numFeatures]),
    ...taught(targets.features, [1, numHits, targets.numFeatures]),
    isPadding: null,
    offsets: indices(offsets, [offsets.length]),
    shares: tensor(sharesOf(samples), [1, numHits, 1]),
  };
}

function sharesOf(samples: readonly RegressorSample[]): number[] {
  return samples.flatMap(({ targets: { features, numHits, numFeatures } }) => {
    const isTaught = Array.from(
      { length: numHits },
      (_, hit) => !Number.isNaN(features[hit * numFeatures]),
    );
    const count = isTaught.filter(Boolean).length;
    return isTaught.map((counts) => (counts ? 1 / count : 0));
  });
}

/** Events side by side, padded to the longest, or to `maxHits` as published. */
export function paddedBatch(
  samples: readonly RegressorSample[],
  { maxHits }: { readonly maxHits?: number | undefined } = {},
): RegressorBatch {
  const options = maxHits === undefined ? {} : { maxHits };
  const hits = padSequences(
    samples.map((sample) => sample.hits),
    options,
  );
  const targets = padSequences(
    samples.map((sample) => sample.targets),
    options,
  );
  const shape = [hits.numEvents, hits.maxHits] as const;
  const mask = Uint32Array.from(hits.mask);
  return {
    hits: tensor(hits.features, [...shape, hits.numFeatures]),
    ...taught(targets.features, [...shape, targets.numFeatures], mask),
    isPadding: tensor(mask, shape, { dtype: "bool" }),
    offsets: undefined,
    shares: undefined,
  };
}

/** Targets without NaN, and which rows had one, or are padding. */
function taught(
  features: Float32Array,
  shape: readonly [number, number, number],
  padding?: Uint32Array,
): Pick<RegressorBatch, "targets" | "isUntaught"> {
  const width = shape[2];
  const isUntaught = Uint32Array.from({ length: shape[0] * shape[1] }, (_, row) =>
    padding?.[row] || Number.isNaN(features[row * width]) ? 1 : 0,
  );
  const values = features.map((value) => (Number.isNaN(value) ? 0 : value));
  return {
    targets: tensor(values, shape),
    isUntaught: tensor(isUntaught, shape.slice(0, 2), { dtype: "bool" }),
  };
}

/** What the model says of each row of a batch, f32 [1 or B, N, O]. */
export const regress = (
  model: TransformerRegressor,
  { hits, isPadding, offsets }: RegressorBatch,
  pass?: TrainingPass,
): Tensor => model.forward(hits, isPadding, { ...(offsets && { offsets }), ...(pass && { pass }) });

/** Mean squared error over hits that belong to a track, and over parameters. */
export const regressorLoss = (
  model: TransformerRegressor,
  batch: RegressorBatch,
  pass?: TrainingPass,
): Tensor => maskedMse(regress(model, batch, pass), batch.targets, batch.isUntaught);

/** Sum over events of each one's mean squared error: the loss of the published flash training. */
export function sumOfEventLosses(
  model: TransformerRegressor,
  batch: RegressorBatch,
  pass?: TrainingPass,
): Tensor {
  if (!batch.shares)
    throw new ShapeError("sumOfEventLosses(batch): expected a packed batch, got a padded one");
  const errors = regress(model, batch, pass).sub(batch.targets).square();
  return errors.mul(batch.shares).sum().div(errors.shape[2]);
}

const window = 16; // batches among which events are sorted by length

/**
 * Samples of each batch of an epoch: in order as published, or in another random order in each epoch. Of
 * neighbors in that order, events of like length go together, so there is little padding.
 */
export function batchesOf<Sample extends Pick<RegressorSample, "hits">>(
  samples: readonly Sample[],
  batchSize: number,
  { rng, byLength = false }: { readonly rng?: Rng; readonly byLength?: boolean } = {},
): Sample[][] {
  const order = rng ? shuffled(samples, rng) : [...samples];
  const windows = byLength ? chunks(order, window * batchSize) : [order];
  const batches = windows.flatMap((part) => {
    const sorted = byLength ? part.sort((a, b) => a.hits.numHits - b.hits.numHits) : part;
    return chunks(sorted, batchSize);
  });
  return rng && byLength ? shuffled(batches, rng) : batches;
}

/** The order of an epoch, from the seed of the training. */
export const epochRng = (seed: number, epoch: number): Rng => splitMix(seed * 65537 + epoch);

function chunks<Item>(items: readonly Item[], size: number): Item[][] {
  const count = Math.ceil(items.length / size);
  return Array.from({ length: count }, (_, c) => items.slice(c * size, (c + 1) * size));
}

function shuffled<Item>(items: readonly Item[], rng: Rng): Item[] {
  const order = [...items];
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(rng() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}
