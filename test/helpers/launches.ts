/** Graphs whose number of launches is a promise (docs/engine.md), and what their plans look like. */
import { expect, test } from "vitest";
import {
  Adam,
  attention,
  type BackendName,
  bceWithLogits,
  EncoderLayer,
  explain,
  gradients,
  l2Normalize,
  layerNorm,
  logSoftmax,
  Mlp,
  mse,
  parameters,
  Rng,
  realize,
  softmax,
  type Tensor,
  valueAndGrad,
  zeros,
} from "../../src/index.ts";
import { useDevice } from "./backends.ts";

interface Case {
  /** File of the plan in test/engine/plans. */
  name: string;
  most: number;
  outputs: () => Promise<Tensor[]>;
}

const rng = new Rng(1);

/** Values that are there already. */
async function given(...shapes: number[][]): Promise<Tensor[]> {
  const tensors = shapes.map((shape) => rng.normal(shape));
  await realize(tensors);
  return tensors;
}

/** A function of rows [5, 7] and of further values [7], and its gradients. */
const ofRows = (numVectors: number, f: (...of: Tensor[]) => Tensor) => async () => {
  const vectors = Array.from({ length: numVectors }, () => [7]);
  const [seed, ...inputs] = await given([5, 7], [5, 7], ...vectors);
  const y = f(...inputs);
  return [y, ...gradients(y, inputs, seed)];
};

/** A loss of a prediction and a target, and its gradient. */
const ofLoss = (loss: (x: Tensor, y: Tensor) => Tensor) => async () => {
  const [x, target] = await given([5, 7], [5, 7]);
  const value = loss(x!, target!);
  return [value, ...gradients(value, [x!])];
};

const cases: readonly Case[] = [
  { name: "softmax", most: 1, outputs: async () => [softmax((await given([5, 7]))[0]!)] },
  {
    name: "layerNorm",
    most: 1,
    outputs: async () => {
      const [x, weight, bias] = await given([5, 7], [7], [7]);
      return [layerNorm(x!, weight!, bias!)];
    },
  },
  {
    name: "chain",
    most: 1,
    outputs: async () => {
      let [x] = await given([5, 7]);
      for (let op = 0; op < 1000; op++) x = op % 2 === 0 ? x!.add(1) : x!.abs();
      return [x!];
    },
  },
  { name: "softmaxWithGradient", most: 2, outputs: ofRows(0, (x) => softmax(x!)) },
  { name: "logSoftmaxWithGradient", most: 1, outputs: ofRows(0, (x) => logSoftmax(x!)) },
  { name: "l2NormalizeWithGradient", most: 1, outputs: ofRows(0, (x) => l2Normalize(x!)) },
  {
    name: "layerNormWithGradient",
    most: 3, // forward; over rows; over columns
    outputs: ofRows(2, (x, weight, bias) => layerNorm(x!, weight!, bias!)),
  },
  { name: "mseWithGradient", most: 1, outputs: ofLoss(mse) },
  { name: "bceWithGradient", most: 1, outputs: ofLoss(bceWithLogits) },
  {
    name: "attentionWithGradient",
    most: 3,
    outputs: async () => {
      const [packed, seed] = await given([2, 6, 3, 2, 4], [2, 6, 2, 4]);
      const mask = zeros([2, 6]).greater(0);
      await realize([mask]);
      const y = attention(packed!, mask);
      return [y, ...gradients(y, [packed!], seed)];
    },
  },
  {
    name: "encoderLayerWithGradient",
    most: 20,
    outputs: async () => {
      const layer = new EncoderLayer({ width: 16, numHeads: 2, hiddenDim: 32, rng });
      const [x, seed] = await given([2, 9, 16], [2, 9, 16]);
      const mask = zeros([2, 9]).greater(0);
      await realize([mask, ...parameters(layer).values()]);
      const y = layer.forward(x!, mask);
      return [y, ...gradients(y, [x!, ...parameters(layer).values()], seed)];
    },
  },
  {
    name: "mlpTrainingStep",
    most: 10,
    outputs: async () => {
      const model = new Mlp({ sizes: [64, 256, 256, 1], rng });
      const [x, target] = await given([32, 64], [32, 1]);
      await realize([...parameters(model).values()]);
      const optimizer = new Adam(model);
      const step = () => {
        const { value, grads } = valueAndGrad(model, (m) => mse(m.forward(x!), target!));
        optimizer.update(grads);
        return value;
      };
      for (let warmUp = 0; warmUp < 2; warmUp++) await step().data();
      const loss = step();
      return [loss, ...parameters(model).values(), ...optimizer.state().values()];
    },
  },
];

export function describeLaunches(backend: BackendName): void {
  useDevice(backend);
  test.each(cases)(`$name takes at most $most launches on ${backend}`, async (sample) => {
    const { launches, text } = await explain(await sample.outputs());
    if (launches.length > sample.most) console.error(text);
    expect(launches.length).toBeLessThanOrEqual(sample.most);
    if (backend === "js" && sample.name !== "chain")
      await expect(`${text}\n`).toMatchFileSnapshot(`../engine/plans/${sample.name}.txt`);
  });
}
