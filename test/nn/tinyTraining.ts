/** A small training with everything that a checkpoint must carry: dropout, statistics, schedule, clipping. */
import {
  Adam,
  BatchNorm,
  linearWarmup,
  Mlp,
  modelState,
  mse,
  plateau,
  Rng,
  type Tensor,
  type TrainOptions,
  tensor,
} from "../../src/index.ts";

type Batch = { x: Tensor; y: Tensor };
export const batchesPerEpoch = 5;

/** Batches of an epoch, the same whenever they are asked for. */
export function* batchesOf(epoch: number): Generator<Batch> {
  for (let b = 0; b < batchesPerEpoch; b++) {
    const random = (i: number) =>
      Math.sin((epoch * batchesPerEpoch + b + 1) * 12.9898 + i * 78.233);
    const x = Float64Array.from({ length: 24 }, (_, i) => random(i));
    const y = Float64Array.from({ length: 8 }, (_, r) => x[3 * r] * x[3 * r + 1] + x[3 * r + 2]);
    yield { x: tensor(x, [8, 3]), y: tensor(y, [8, 1]) };
  }
}

export function tinyTraining(epochs: number): TrainOptions<Mlp, Batch> & { model: Mlp } {
  const model = new Mlp({
    sizes: [3, 6, 1],
    activation: "silu",
    norms: [(n) => new BatchNorm(n)],
    dropout: 0.2,
    rng: new Rng(7),
  });
  const optimizer = new Adam(model, { weightDecay: 0.01, amsgrad: true });
  const rate = 0.02;
  const [{ x, y }] = batchesOf(1000);
  return {
    model,
    optimizer,
    batches: batchesOf,
    loss: (m, batch, pass) => mse(m.forward(batch.x, pass), batch.y),
    validate: (m) => mse(m.forward(x), y).item(),
    schedule: linearWarmup(
      { rate, duration: 2 },
      plateau({ rate, factor: 0.5, patience: 0, from: 2 }),
    ),
    clipNorm: 0.5,
    epochs,
    seed: 3,
    reportEvery: 2,
  };
}

/** All bits of a trained model, to compare. */
export async function bitsOf(model: object): Promise<Record<string, number[]>> {
  const bits: Record<string, number[]> = {};
  for (const [name, t] of modelState(model)) bits[name] = Array.from(await t.data());
  return bits;
}
