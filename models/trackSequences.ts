/** What the encoder–decoder learns from: the hits of each track in their order, with a start and an end. */
import { tensor } from "../src/engine/create.ts";
import type { Tensor } from "../src/engine/tensor.ts";
import type { TrainingPass } from "../src/nn/layers/layer.ts";
import { maskedMse } from "../src/nn/losses/mse.ts";
import { rowsByValue } from "../src/tracking/columns.ts";
import { type HitSequence, padSequences } from "../src/tracking/sequence.ts";
import type { EncoderDecoder } from "./encoderDecoder.ts";
import type { RegressorSample } from "./regressorSamples.ts";

/** Places in the unit cube that no hit of a detector around its middle has. */
export const startToken: readonly number[] = [0, 0, 0.5];
export const stopToken: readonly number[] = [0.1, 0, 0.5];

/** The box around the hits of a data set, by x, y, z. */
export interface HitBox {
  readonly low: readonly number[];
  readonly high: readonly number[];
}

export function hitBox(samples: readonly RegressorSample[]): HitBox {
  const low = [Infinity, Infinity, Infinity];
  const high = [-Infinity, -Infinity, -Infinity];
  for (const { positions } of samples)
    for (const [k, values] of [positions.x, positions.y, positions.z].entries())
      for (const value of values) {
        low[k] = Math.min(low[k], value);
        high[k] = Math.max(high[k], value);
      }
  return { low, high };
}

/** The same samples with x, y, z from 0 to 1 as what is known of hits. */
export const boxedSamples = (
  samples: readonly RegressorSample[],
  { low, high }: HitBox,
): RegressorSample[] =>
  samples.map((sample) => {
    const { x, y, z } = sample.positions;
    const { numHits } = sample.hits;
    const features = Float32Array.from({ length: 3 * numHits }, (_, i) => {
      const [k, hit] = [i % 3, Math.floor(i / 3)];
      return ([x, y, z][k][hit] - low[k]) / (high[k] - low[k] || 1);
    });
    return { ...sample, hits: { features, numHits, numFeatures: 3 } };
  });

/** Rows of the hits of each true track, from the innermost out; noise is in none. */
export function trackRows({ truth, positions: { x, y, z } }: RegressorSample): number[][] {
  const rowsOf = rowsByValue(truth.particle);
  rowsOf.delete(0);
  const distance = (hit: number) => Math.hypot(x[hit], y[hit], z[hit]);
  return [...rowsOf.values()].map((rows) => rows.sort((a, b) => distance(a) - distance(b)));
}

/** Where a hit is, in the unit cube. */
export const placeOf = ({ features }: HitSequence, hit: number): readonly number[] => [
  ...features.subarray(3 * hit, 3 * hit + 3),
];

export interface SequenceBatch {
  /** f32 [B, N, 3]; mask bool [B, N], true where a row is padding. */
  readonly hits: Tensor;
  readonly mask: Tensor;
  /** f32 [B, T, S, 3] from the start on; and what comes next, f32 [B, T·S, 3]. */
  readonly steps: Tensor;
  readonly next: Tensor;
  /** bool [B, T·S]: steps after the end of a track. */
  readonly isUntaught: Tensor;
}

/** All tracks of the events; what is longer than `maxSteps` is cut off. */
export function sequenceBatch(
  samples: readonly RegressorSample[],
  { maxSteps }: { maxSteps: number },
): SequenceBatch {
  const { features, mask, numEvents, maxHits } = padSequences(samples.map(({ hits }) => hits));
  const tracks = samples.map(trackRows);
  const numTracks = Math.max(1, ...tracks.map(({ length }) => length));
  const longest = Math.max(1, ...tracks.flat().map(({ length }) => length));
  const numSteps = Math.min(maxSteps, longest + 1);
  const [steps, next] = [0, 1].map(() => new Float32Array(numEvents * numTracks * numSteps * 3));
  const isUntaught = new Uint32Array(numEvents * numTracks * numSteps).fill(1);
  for (const [event, found] of tracks.entries())
    for (const [track, rows] of found.entries()) {
      const places = rows.map((hit) => placeOf(samples[event].hits, hit));
      const first = (event * numTracks + track) * numSteps;
      const count = Math.min(numSteps, places.length + 1);
      steps.set([startToken, ...places].slice(0, count).flat(), 3 * first);
      next.set([...places, stopToken].slice(0, count).flat(), 3 * first);
      isUntaught.fill(0, first, first + count);
    }
  const rows = numTracks * numSteps;
  return {
    hits: tensor(features, [numEvents, maxHits, 3]),
    mask: tensor(Uint32Array.from(mask), [numEvents, maxHits], { dtype: "bool" }),
    steps: tensor(steps, [numEvents, numTracks, numSteps, 3]),
    next: tensor(next, [numEvents, rows, 3]),
    isUntaught: tensor(isUntaught, [numEvents, rows], { dtype: "bool" }),
  };
}

/** Mean squared error of the next place, over the steps of tracks. */
export function nextHitLoss(
  model: EncoderDecoder,
  { hits, mask, steps, next, isUntaught }: SequenceBatch,
  pass?: TrainingPass,
): Tensor {
  const said = model.decode(model.encode(hits, mask, pass), mask, steps, pass);
  return maskedMse(said.reshape(next.shape), next, isUntaught);
}
