/** What does a whole step cost: forward, backward and optimizer, or one pass through a model? */
import { TransformerRegressor } from "../../models/index.ts";
import {
  Adam,
  Linear,
  mse,
  parameters,
  Rng,
  type Tensor,
  tensor,
  valueAndGrad,
} from "../../src/index.ts";
import { filled, numbers, runsOf, type Workload } from "../workload.ts";

const [batch, inputs, hidden] = [2048, 64, 256];

/** A layer whose weight is given as [inputs, outputs], the other way round than it is kept. */
function layer(numInputs: number, numOutputs: number, seed: number, scale: number): Linear {
  const byInput = numbers(numInputs * numOutputs, seed, scale);
  const weight = byInput.map(
    (_, at) => byInput[(at % numInputs) * numOutputs + Math.floor(at / numInputs)],
  );
  return new Linear(numInputs, numOutputs, new Rng(0), {
    weight: (shape) => tensor(weight, shape),
    bias: (shape) => filled(shape, seed + 1, 0.01),
  });
}

class Perceptron {
  readonly layers = [
    layer(inputs, hidden, 20, 1 / 8),
    layer(hidden, hidden, 22, 1 / 16),
    layer(hidden, 1, 24, 1 / 16),
  ];

  forward(x: Tensor): Tensor {
    const [first, second, last] = this.layers;
    return last.forward(second.forward(first.forward(x).relu()).relu());
  }
}

export const training: readonly Workload[] = [
  {
    name: "training step, MLP 64-256-256-1, batch 2048, Adam",
    peer: "mlpstep",
    flops: 3 * 2 * batch * (inputs * hidden + hidden * hidden + hidden),
    async prepare() {
      const model = new Perceptron();
      const [x, y] = [filled([batch, inputs], 26), filled([batch, 1], 27)];
      const adam = new Adam(model);
      return runsOf([x, y, ...parameters(model).values()], () => {
        const { value, grads } = valueAndGrad(model, (m) => mse(m.forward(x), y));
        adam.update(grads);
        return value;
      });
    },
  },
  {
    name: "transformer regressor, 700 hits, forward",
    async prepare() {
      const model = new TransformerRegressor({ inputs: 3, outputs: 4 });
      const hits = filled([1, 700, 3], 28);
      return runsOf([hits, ...parameters(model).values()], () => model.forward(hits));
    },
  },
];
