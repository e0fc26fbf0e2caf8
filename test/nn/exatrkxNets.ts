/** Networks of the Exa.TrkX pipeline, composed of layers as far as the replays need them. */
import {
  type ActivationName,
  concat,
  gather,
  type Layer,
  LayerNorm,
  Linear,
  Mlp,
  type Pairs,
  Rng,
  segmentMax,
  segmentSum,
  segmentsOf,
  type Tensor,
} from "../../src/index.ts";

export interface InteractionOptions {
  inputs: number;
  hidden: number;
  numIterations: number;
  nodeLayers: number;
  edgeLayers: number;
  activation: ActivationName;
  aggregation: string;
}

const rng = new Rng(1); // all weights are loaded

/** Interaction network with the same weights in every iteration (exatrkx.md §6.1). */
export class InteractionNet {
  readonly nodeEncoder: Mlp;
  readonly edgeEncoder: Mlp;
  readonly nodeNetwork: Mlp;
  readonly edgeNetwork: Mlp;
  readonly outputEdgeClassifier: Mlp;
  readonly options: InteractionOptions;

  constructor(options: InteractionOptions) {
    const { inputs, hidden, nodeLayers, edgeLayers, activation, aggregation } = options;
    const numParts = aggregation.split("_").length + 1;
    const stack = (count: number) => new Array<number>(count).fill(hidden);
    const mlp = (sizes: number[]) =>
      new Mlp({ sizes, activation, norms: [(n) => new LayerNorm(n)], rng });
    this.options = options;
    this.nodeEncoder = mlp([inputs, ...stack(nodeLayers)]);
    this.edgeEncoder = mlp([2 * hidden, ...stack(edgeLayers)]);
    this.nodeNetwork = mlp([numParts * hidden, ...stack(nodeLayers)]);
    this.edgeNetwork = mlp([3 * hidden, ...stack(edgeLayers)]);
    this.outputEdgeClassifier = mlp([3 * hidden, ...stack(edgeLayers), 1]);
  }

  /** x f32 [N, inputs] → logit per edge, f32 [E]. */
  forward(x: Tensor, { first, second }: Pairs): Tensor {
    const ends = (h: Tensor) => [gather(h, first), gather(h, second)];
    let h = this.nodeEncoder.forward(x);
    let e = this.edgeEncoder.forward(concat(ends(h)));
    for (let i = 0; i < this.options.numIterations; i++) {
      const parts = concat([...ends(h), e]);
      h = this.nodeNetwork.forward(concat([h, ...this.received(e, second, x.shape[0])])).add(h);
      e = this.edgeNetwork.forward(parts).add(e);
    }
    return this.outputEdgeClassifier.forward(concat([...ends(h), e])).reshape([-1]);
  }

  private received(e: Tensor, target: Tensor, numNodes: number): Tensor[] {
    const segments = segmentsOf(target, numNodes);
    const sum = segmentSum(e, segments);
    if (!this.options.aggregation.includes("max")) return [sum];
    const most = segmentMax(e, segments);
    return [most.greater(-1e38).select(most, 0), sum]; // 0 where no edge arrives
  }
}

/** Linear → (Linear → tanh → norm, one for all) … → Linear (exatrkx.md §5.1). */
export class VanillaFilter {
  readonly inputLayer: Linear;
  readonly layers: readonly Linear[];
  readonly outputLayer: Linear;
  readonly layernorm: LayerNorm;
  readonly isNormalised: boolean;

  constructor(inputs: number, hidden: number, numLayers: number, isNormalised: boolean) {
    this.inputLayer = new Linear(inputs, hidden, rng);
    this.layers = Array.from({ length: numLayers - 1 }, () => new Linear(hidden, hidden, rng));
    this.outputLayer = new Linear(hidden, 1, rng);
    this.layernorm = new LayerNorm(hidden);
    this.isNormalised = isNormalised;
  }

  forward(x: Tensor): Tensor {
    let h = this.inputLayer.forward(x);
    for (const layer of this.layers as readonly Layer[]) {
      h = layer.forward(h).tanh();
      if (this.isNormalised) h = this.layernorm.forward(h);
    }
    return this.outputLayer.forward(h).reshape([-1]);
  }
}
