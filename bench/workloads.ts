/** What is measured: seeded inputs, and how much work one run is. */
import { TransformerRegressor } from "../models/index.ts";
import {
  Adam,
  attention,
  Linear,
  layerNorm,
  matmul,
  mse,
  parameters,
  Rng,
  realize,
  softmax,
  type Tensor,
  valueAndGrad,
  zeros,
} from "../src/index.ts";
import { repeat, type Workload } from "./repeat.ts";
import { searchWorkloads } from "./search.ts";

const rng = () => new Rng(7);

export const workloads: readonly Workload[] = [
  {
    name: "matmul 512×512×512",
    flops: 2 * 512 ** 3,
    async prepare() {
      const r = rng();
      const [a, b] = [r.normal([512, 512]), r.normal([512, 512])];
      return repeat([a, b], () => matmul(a, b));
    },
  },
  {
    name: "tanh(x·a + b) + y, 1M",
    bytes: 3 * 4 * 2 ** 20,
    async prepare() {
      const r = rng();
      const [x, y] = [r.normal([2 ** 20]), r.normal([2 ** 20])];
      return repeat([x, y], () => x.mul(1.5).add(0.5).tanh().add(y));
    },
  },
  {
    name: "softmax 4096×256",
    bytes: 2 * 4 * 4096 * 256,
    async prepare() {
      const x = rng().normal([4096, 256]);
      return repeat([x], () => softmax(x));
    },
  },
  {
    name: "layer norm 4096×256",
    bytes: 2 * 4 * 4096 * 256,
    async prepare() {
      const r = rng();
      const [x, weight, bias] = [r.normal([4096, 256]), r.normal([256]), r.normal([256])];
      return repeat([x, weight, bias], () => layerNorm(x, weight, bias));
    },
  },
  {
    name: "sum of 4M",
    bytes: 4 * 2 ** 22,
    async prepare() {
      const x = rng().normal([2 ** 22]);
      return repeat([x], () => x.sum());
    },
  },
  {
    name: "attention 4 heads × 512 × 64",
    flops: 4 * 4 * 512 * 512 * 64,
    async prepare() {
      const qkv = rng().normal([1, 512, 3, 4, 64]);
      const mask = zeros([1, 512], "bool");
      return repeat([qkv, mask], () => attention(qkv, mask));
    },
  },
  {
    name: "training step, MLP 64-256-256-1, batch 2048, Adam",
    flops: 3 * 2 * 2048 * (64 * 256 + 256 * 256 + 256),
    async prepare() {
      const r = rng();
      const mlp = new Perceptron(r);
      const [x, y] = [r.normal([2048, 64]), r.normal([2048, 1])];
      await realize([x, y, ...parameters(mlp).values()]);
      const adam = new Adam(mlp);
      return () => {
        const { value, grads } = valueAndGrad(mlp, (m) => mse(m.forward(x), y));
        adam.update(grads);
        return value.item();
      };
    },
  },
  {
    name: "transformer regressor, 700 hits, forward",
    async prepare() {
      const model = new TransformerRegressor({ inputs: 3, outputs: 4 });
      const hits = rng().normal([1, 700, 3]);
      return repeat([hits, ...parameters(model).values()], () => model.forward(hits));
    },
  },
  ...searchWorkloads,
];

class Perceptron {
  readonly layers: readonly Linear[];

  constructor(r: Rng) {
    this.layers = [new Linear(64, 256, r), new Linear(256, 256, r), new Linear(256, 1, r)];
  }

  forward(x: Tensor): Tensor {
    const [first, second, last] = this.layers;
    return last.forward(second.forward(first.forward(x).relu()).relu());
  }
}
