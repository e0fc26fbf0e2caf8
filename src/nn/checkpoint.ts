/**
 * What a training needs to go on as if it had never stopped: model, optimizer, and where it was.
 *
 * The model's tensors keep their names, so a checkpoint is also a file of weights; all others are
 * named `training.…`. Where and how checkpoints are kept is a `TrainingStore`.
 */

import { scalar, tensor } from "../engine/create.ts";
import type { HostArray } from "../engine/dtype.ts";
import { FormatError } from "../engine/errors.ts";
import type { Shape } from "../engine/shape.ts";
import { realize, type Tensor } from "../engine/tensor.ts";
import {
  loadParameters,
  modelState,
  type StoredTensor,
  snakeCase,
  trainingPrefix,
} from "./module.ts";
import type { Optimizer } from "./optim/optimizer.ts";

/** Where a training is; plain data. */
export interface TrainingState {
  /** Epochs completed, batches done in the next one, optimizer steps done in all. */
  epoch: number;
  batch: number;
  step: number;
  /** Of the randomness while training: step s draws from a generator of its own. */
  seed: number;
  /** Validation metric of each completed epoch. */
  metrics: number[];
  best: number | null;
  /** Epochs since the best one. */
  numBad: number;
}

export interface Checkpoint {
  state: TrainingState;
  tensors: ReadonlyMap<string, StoredArray>;
}

export interface StoredArray extends StoredTensor {
  shape: Shape;
  data: HostArray;
}

/** Keeps checkpoints; `save` must replace the old one in one step or leave it alone. */
export interface TrainingStore {
  /** The last checkpoint, or null at the start of a training. */
  load(): Promise<Checkpoint | null>;
  save(checkpoint: Checkpoint, name: "last" | "best"): Promise<void> | void;
}

/** All that a training changes. */
export interface Trained {
  model: object;
  optimizer: Optimizer;
  state: TrainingState;
  /** Of the losses in this epoch so far: one number, f32. */
  lossSum: Tensor;
}

const optimizerPrefix = `${trainingPrefix}optimizer.`;
export const lossSumKey = `${trainingPrefix}loss_sum`;

export async function checkpointOf({
  model,
  optimizer,
  state,
  lossSum,
}: Trained): Promise<Checkpoint> {
  const named = (tensors: ReadonlyMap<string, Tensor>, prefix: string) =>
    [...tensors].map(([name, t]) => [prefix + snakeCase(name), t] as const);
  const all = [
    ...named(modelState(model), ""),
    ...named(optimizer.state(), optimizerPrefix),
    [lossSumKey, lossSum] as const,
  ];
  await realize(all.map(([, t]) => t)); // in one submission
  const arrays = all.map(
    async ([key, t]) => [key, { shape: t.shape, data: await t.data() }] as const,
  );
  const tensors = new Map(await Promise.all(arrays));
  return { state: { ...state, metrics: [...state.metrics] }, tensors };
}

/** Puts a checkpoint into the model and the optimizer; `source` is named in errors. */
export function restore(
  { model, optimizer }: { model: object; optimizer: Optimizer },
  { state, tensors }: Checkpoint,
  source: string,
): Trained {
  loadParameters(model, tensors, source);
  const ofOptimizer = [...tensors].flatMap(([key, stored]) =>
    key.startsWith(optimizerPrefix) ? [[key.slice(optimizerPrefix.length), stored] as const] : [],
  );
  optimizer.load(new Map(ofOptimizer), source);
  const sum = tensors.get(lossSumKey);
  const lossSum = sum ? tensor(sum.data, []) : scalar(0);
  return { model, optimizer, state: { ...state, metrics: [...state.metrics] }, lossSum };
}

/** State as text: numbers as JavaScript prints them, which reads back the same bits, also NaN. */
export function writeState({ metrics, best, ...counts }: TrainingState): string {
  return JSON.stringify({
    ...counts,
    metrics: metrics.map(String),
    best: best === null ? null : String(best),
  });
}

export function readState(text: string, source: string): TrainingState {
  try {
    const { metrics, best, ...counts } = JSON.parse(text);
    for (const key of ["epoch", "batch", "step", "seed", "numBad"])
      if (!Number.isSafeInteger(counts[key])) throw new Error(`${key} is ${counts[key]}`);
    const numbers = (metrics as unknown[]).map(Number);
    return { ...counts, metrics: numbers, best: best === null ? null : Number(best) };
  } catch (cause) {
    throw new FormatError(
      `${source}: expected the state of a training, got something else (${(cause as Error).message})`,
      { cause },
    );
  }
}
