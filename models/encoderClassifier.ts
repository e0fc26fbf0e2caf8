/**
 * Encoder classifier (TrackFormers EncCla): the encoder of the Transformer Regressor says in which bin of the
 * track parameters the track of each hit lies, and hits of one bin are a track. Nothing is clustered.
 *
 * Caron, Dobreva, Ferrer Sánchez et al. 2024 (arXiv:2407.07179).
 */
import type { Tensor } from "../src/engine/tensor.ts";
import type { TrainingPass } from "../src/nn/layers/layer.ts";
import { crossEntropyWithLogits } from "../src/nn/losses/crossEntropy.ts";
import { type RegressorBatch, regress } from "./regressorBatches.ts";
import { type ClusteredEvent, regressHits, scoredEvent } from "./regressorEvaluation.ts";
import type { RegressorSample } from "./regressorSamples.ts";
import type { TransformerRegressor } from "./transformerRegressor.ts";

/** Mean cross-entropy over hits that belong to a track; the batch is of `classSamples`. */
export function classifierLoss(
  model: TransformerRegressor,
  batch: RegressorBatch,
  pass?: TrainingPass,
): Tensor {
  const logits = regress(model, batch, pass);
  const [numEvents, numHits, classes] = logits.shape;
  const rows = numEvents * numHits;
  const labels = batch.targets.reshape([rows]).cast("u32");
  const weights = batch.isUntaught.not().reshape([rows]).cast("f32");
  return crossEntropyWithLogits(logits.reshape([rows, classes]), labels, {
    weights,
    reduction: "weightedMean",
  });
}

/** The most likely class of every hit of an event, i32 [H]. */
export async function classifyHits(
  model: TransformerRegressor,
  { hits }: RegressorSample,
): Promise<Int32Array> {
  const { data, numPoints, dim } = await regressHits(model, hits);
  return Int32Array.from({ length: numPoints }, (_, hit) => greatestOf(data, hit * dim, dim));
}

function greatestOf(data: ArrayLike<number>, start: number, count: number): number {
  let greatest = 0;
  for (let c = 1; c < count; c++) if (data[start + c] > data[start + greatest]) greatest = c;
  return greatest;
}

export interface ClassifiedEvent extends ClusteredEvent {
  /** Hits with a track, and those of them whose class is right. */
  readonly known: number;
  readonly right: number;
}

/** Classes of each event as its tracks; `milliseconds` are those of the network. */
export async function classifyEvents(
  model: TransformerRegressor,
  samples: readonly RegressorSample[],
  { compat = false } = {},
): Promise<ClassifiedEvent[]> {
  const events: ClassifiedEvent[] = [];
  for (const sample of samples) {
    const start = performance.now();
    const classes = await classifyHits(model, sample);
    const milliseconds = performance.now() - start;
    const { features } = sample.targets;
    const known = features.filter((wanted) => !Number.isNaN(wanted)).length;
    const right = features.filter((wanted, hit) => wanted === classes[hit]).length;
    events.push({ ...scoredEvent(sample, classes, { milliseconds, compat }), known, right });
  }
  return events;
}

/** What the classes could reach at best: tracks in the same bin stay one. */
export const trueClassEvents = (
  samples: readonly RegressorSample[],
  { compat = false } = {},
): ClusteredEvent[] =>
  samples.map((sample) => {
    const classes = Int32Array.from(sample.targets.features, (value) =>
      Number.isNaN(value) ? -1 : value,
    );
    return scoredEvent(sample, classes, { milliseconds: 0, compat });
  });
