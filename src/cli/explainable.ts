/** What `explain` can show a training step of: models and layers of any size, on made-up inputs. */
import { EggNet, eggnetLoss, randomPairs, TransformerRegressor } from "../../models/index.ts";
import {
  bceWithLogits,
  EncoderLayer,
  InteractionNetwork,
  LayerNorm,
  Mlp,
  maskedMse,
  mse,
  type Rng,
  range,
  type Tensor,
  valueAndGrad,
  zeros,
} from "../index.ts";
import { UsageError } from "./command.ts";

export type Sizes = Readonly<Record<string, number>>;

export interface Explainable {
  about: string;
  /** Sizes by name, with their defaults. */
  sizes: Sizes;
  make: (sizes: Sizes, rng: Rng) => Example;
}

/** A model on one batch. */
export interface Example {
  model: object;
  /** The loss and its gradients. */
  differentiate: () => ReturnType<typeof valueAndGrad>;
  /** What the loss reads besides the parameters; there before the step. */
  inputs: Tensor[];
}

function example<Model extends object>(
  model: Model,
  inputs: Tensor[],
  loss: (model: Model) => Tensor,
): Example {
  return { model, inputs, differentiate: () => valueAndGrad(model, loss) };
}

/** Ends of E edges, u32 [E], drawn with replacement. */
const rowsOf = (rng: Rng, numEdges: number, numNodes: number): Tensor =>
  rng.bits([numEdges]).mod(numNodes);

export const explainables: Readonly<Record<string, Explainable>> = {
  "transformer-regressor": {
    about: "the regressor with its published options, masked mean squared error",
    sizes: {
      ...{ events: 8, hits: 100, inputs: 3, outputs: 4 },
      ...{ layers: 6, width: 32, heads: 4, hidden: 128 },
    },
    make({ events, hits, layers, width, heads, hidden, inputs, outputs }, rng) {
      const options = { numLayers: layers, width, numHeads: heads, hiddenDim: hidden };
      const model = new TransformerRegressor({ inputs, outputs, ...options, rng });
      const [x, y] = [rng.normal([events, hits, inputs]), rng.normal([events, hits, outputs])];
      const isPadding = zeros([events, hits]).greater(0);
      return example(model, [x, y, isPadding], (m) =>
        maskedMse(m.forward(x, isPadding), y, isPadding),
      );
    },
  },
  "encoder-layer": {
    about: "one encoder layer, mean squared error",
    sizes: { events: 8, hits: 100, width: 32, heads: 4, hidden: 128 },
    make({ events, hits, width, heads, hidden }, rng) {
      const model = new EncoderLayer({ width, numHeads: heads, hiddenDim: hidden, rng });
      const [x, y] = [rng.normal([events, hits, width]), rng.normal([events, hits, width])];
      const isPadding = zeros([events, hits]).greater(0);
      return example(model, [x, y, isPadding], (m) => mse(m.forward(x, isPadding), y));
    },
  },
  "interaction-network": {
    about: "an interaction network, cross-entropy of its edges",
    sizes: { nodes: 1000, edges: 5000, inputs: 3, hidden: 32, layers: 2, iterations: 4 },
    make({ nodes, edges, inputs, hidden, layers, iterations }, rng) {
      const model = new InteractionNetwork({
        ...{ inputs, hiddenDim: hidden, numIterations: iterations },
        ...{ numNodeLayers: layers, numEdgeLayers: layers },
        ...{ norms: [(features: number) => new LayerNorm(features)], rng },
      });
      const x = rng.normal([nodes, inputs]);
      const ends = { source: rowsOf(rng, edges, nodes), target: rowsOf(rng, edges, nodes) };
      const truth = rng.uniform([edges]).less(0.5).cast("f32");
      return example(model, [x, ends.source, ends.target, truth], (m) =>
        bceWithLogits(m.forward(x, ends), truth),
      );
    },
  },
  eggnet: {
    about: "EggNet, whose graphs are found in the step, contrastive loss of random pairs",
    sizes: { hits: 500, inputs: 10, particles: 50, pairs: 1000, k: 10, iterations: 5 },
    make({ hits, inputs, particles, pairs, k, iterations }, rng) {
      if (hits < particles)
        throw new UsageError(`--size: expected hits ≥ particles, got ${hits} and ${particles}`);
      const model = new EggNet({ inputs, k, numIterations: iterations, rng });
      const x = rng.normal([hits, inputs]);
      const [first, chosen] = [range(hits - particles, "u32"), randomPairs(rng, hits, pairs)];
      const truth = {
        particle: range(hits, "u32").mod(particles).add(1),
        numParticles: particles,
        trackEdges: { first, second: first.add(particles) },
      };
      return example(
        model,
        [x, truth.particle, ...Object.values(truth.trackEdges), ...Object.values(chosen)],
        (m) => eggnetLoss(m.forward(x), truth, { randomPairs: chosen }).loss,
      );
    },
  },
  mlp: {
    about: "a multilayer perceptron, mean squared error",
    sizes: { rows: 2048, inputs: 64, width: 256, layers: 3, outputs: 1 },
    make({ rows, inputs, width, layers, outputs }, rng) {
      const hidden = Array.from({ length: layers - 1 }, () => width);
      const model = new Mlp({ sizes: [inputs, ...hidden, outputs], rng });
      const [x, y] = [rng.normal([rows, inputs]), rng.normal([rows, outputs])];
      return example(model, [x, y], (m) => mse(m.forward(x), y));
    },
  },
};
