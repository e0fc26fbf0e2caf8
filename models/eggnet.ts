/**
 * EggNet, evolving graph attention: hits are embedded by message passing over graphs of nearest
 * neighbors, which are built anew from the embedding several times; clustering the last gives tracks.
 *
 * Calafiura, Chan, Delabrouille & Wang 2024 (arXiv:2407.13925, arXiv:2506.03415).
 */
import { checkpoint } from "../src/engine/checkpoint.ts";
import { ShapeError } from "../src/engine/errors.ts";
import { edgesOfNeighbors, type NeighborEdges } from "../src/engine/ops/neighborEdges.ts";
import { knn, type Neighbors } from "../src/engine/ops/neighbors.ts";
import { l2Normalize } from "../src/engine/ops/normalize.ts";
import { segmentAttention } from "../src/engine/ops/segmentAttention.ts";
import { Rng } from "../src/engine/random.ts";
import { concat, gather } from "../src/engine/rows.ts";
import { showShape } from "../src/engine/shape.ts";
import type { Tensor } from "../src/engine/tensor.ts";
import type { ActivationName } from "../src/nn/activations.ts";
import { BatchNorm } from "../src/nn/layers/batchNorm.ts";
import type { Layer } from "../src/nn/layers/layer.ts";
import { LayerNorm } from "../src/nn/layers/layerNorm.ts";
import { Mlp } from "../src/nn/layers/mlp.ts";
import {
  type EggNetOptions,
  type EggNetPart,
  type FullEggNetOptions,
  type NetworkSize,
  withDefaults,
} from "./eggnetOptions.ts";

export interface EggNetOutput {
  /** f32 [N, embeddingDim]; hits of a particle are near each other. */
  embedding: Tensor;
  /** Logit of being of a particle, f32 [N, 1], if the options ask for it. */
  score: Tensor | null;
  /** The graph of each iteration. */
  graphs: readonly Neighbors[];
}

/** Fields are named so that parameters have their published names. */
export class EggNet {
  readonly nodeEncoder: Mlp;
  readonly nodeNetwork_0: Mlp;
  readonly edgeNetworks: readonly Mlp[];
  readonly nodeNetworks: readonly Mlp[];
  readonly nodeDecoders: readonly Mlp[];
  readonly nodeFilters: readonly Mlp[];
  private readonly settings: FullEggNetOptions;

  constructor(options: EggNetOptions) {
    const settings = withDefaults(options);
    const { inputs, nodeDim, edgeDim, embeddingDim, hasRecurrentLayers, hasScore } = settings;
    const { numIterations, numLayers, isRecurrent, activation, outputActivation } = settings;
    const rng = options.rng ?? new Rng(0);
    const network = (part: EggNetPart, from: number, to: number, end: ActivationName | null) =>
      networkOf(settings, settings.sizes[part], { from, to, end, rng });
    const times = (count: number, make: (which: number) => Mlp) =>
      Array.from({ length: count }, (_, which) => make(which));

    this.nodeEncoder = network("encoder", inputs, nodeDim, activation);
    this.nodeNetwork_0 = network("firstNode", nodeDim, nodeDim, activation);
    const numOwn = numIterations === 0 ? 0 : isRecurrent ? 1 : numIterations;
    const perIteration = hasRecurrentLayers
      ? { edge: 2, node: 1 }
      : { edge: numLayers, node: numLayers };
    this.edgeNetworks = times(numOwn * perIteration.edge, (which) => {
      const before = which % perIteration.edge === 0 ? 0 : edgeDim;
      return network("edge", 2 * nodeDim + before, edgeDim + 1, activation);
    });
    this.nodeNetworks = times(numOwn * perIteration.node, () =>
      network("node", nodeDim + edgeDim, nodeDim, activation),
    );
    const numOutputs = isRecurrent ? 1 : numIterations + 1;
    this.nodeDecoders = times(numOutputs, () =>
      network("decoder", nodeDim, embeddingDim, outputActivation),
    );
    this.nodeFilters = times(hasScore ? numOutputs : 0, () => network("score", nodeDim, 1, null));
    this.settings = settings;
  }

  /** hits f32 [N, inputs], scaled; one event. */
  forward(hits: Tensor): EggNetOutput {
    const { inputs, numIterations, isRecycled, isCheckpointed } = this.settings;
    if (hits.rank !== 2 || hits.shape[0] === 0 || hits.shape[1] !== inputs)
      throw new ShapeError(
        `EggNet(hits): expected [N, ${inputs}] with N ≥ 1, got ${showShape(hits.shape)}`,
      );
    const encoded = this.nodeEncoder.forward(hits);
    let x = this.nodeNetwork_0.forward(encoded);
    const graphs: Neighbors[] = [];
    for (let iteration = 0; iteration < numIterations; iteration++) {
      const graph = this.graphOf(x, iteration);
      graphs.push(graph);
      const edges = edgesOfNeighbors(graph);
      const pass = (nodes: Tensor) => this.passMessages(nodes, edges, iteration, !graph.isFull);
      x = (isCheckpointed ? checkpoint(pass) : pass)(isRecycled ? encoded : x);
    }
    const score = this.nodeFilters.at(-1)?.forward(x) ?? null;
    return { embedding: this.embed(x, numIterations), score, graphs };
  }

  /** Which neighbors are nearest has no gradient, so nothing before is trained for it. */
  private graphOf(x: Tensor, iteration: number): Neighbors {
    const { k, maxDistance } = this.settings;
    const points = this.embed(x, iteration).stopGradient();
    return knn(points, k[iteration], maxDistance === null ? {} : { maxDistance });
  }

  private embed(x: Tensor, iteration: number): Tensor {
    const embedding = this.nodeDecoders[this.settings.isRecurrent ? 0 : iteration].forward(x);
    return this.settings.isNormalized ? l2Normalize(embedding) : embedding;
  }

  /**
   * The layers of an iteration, on its graph:
   *
   *   (e_ji | s_ji) = φ_edge(x_j, x_i, e_ji)        j a neighbor of i
   *   α_ji = softmax_j s_ji        x_i ← φ_node(x_i, Σ_j α_ji e_ji)
   */
  private passMessages(nodes: Tensor, edges: NeighborEdges, iteration: number, mayLack: boolean) {
    const { edgeDim, numLayers, isRecurrent, hasRecurrentLayers } = this.settings;
    const own = isRecurrent ? 0 : iteration;
    const { source, target, segments } = edges;
    const [numNodes] = nodes.shape;
    const isEdge = mayLack ? target.less(numNodes) : undefined;
    let x = nodes;
    let e: Tensor | null = null;
    for (let layer = 0; layer < numLayers; layer++) {
      const edgeNetwork = hasRecurrentLayers
        ? 2 * own + Math.min(1, layer)
        : own * numLayers + layer;
      const nodeNetwork = hasRecurrentLayers ? own : own * numLayers + layer;
      const ends = [gather(x, source), gather(x, target), ...(e ? [e] : [])];
      const message = this.edgeNetworks[edgeNetwork].forward(concat(ends), undefined, isEdge);
      const scores = message.slice([null, [edgeDim, edgeDim + 1]]); // [E, 1]
      e = message.slice([null, [0, edgeDim]]);
      const received = segmentAttention(scores, e.reshape([-1, 1, edgeDim]), segments);
      x = this.nodeNetworks[nodeNetwork].forward(concat([x, received.reshape([-1, edgeDim])]));
    }
    return x;
  }
}

interface Ends {
  from: number;
  to: number;
  /** Activation after the last layer. */
  end: ActivationName | null;
  rng: Rng;
}

function networkOf(
  settings: FullEggNetOptions,
  size: NetworkSize,
  { from, to, end, rng }: Ends,
): Mlp {
  const { activation, hasLayerNorm, hasBatchNorm } = settings;
  const hidden = new Array<number>(size.numLayers - 1).fill(size.hiddenDim);
  const norms: ((features: number) => Layer)[] = [
    ...(hasLayerNorm ? [(n: number) => new LayerNorm(n, { isAffine: false })] : []),
    ...(hasBatchNorm ? [(n: number) => new BatchNorm(n, { epsilon: 6e-5, momentum: null })] : []),
  ];
  return new Mlp({ sizes: [from, ...hidden, to], activation, outputActivation: end, norms, rng });
}
