import type { Rng } from "../../engine/random.ts";
import { concat, gather } from "../../engine/rows.ts";
import { segmentsOf } from "../../engine/segments.ts";
import type { Tensor } from "../../engine/tensor.ts";
import type { ActivationName } from "../activations.ts";
import { type AggregationName, aggregations } from "./aggregate.ts";
import type { Layer, TrainingPass } from "./layer.ts";
import { Mlp } from "./mlp.ts";

/** The ends of directed edges, u32 [E]: rows of the node arrays. */
export interface EdgeEnds {
  source: Tensor;
  target: Tensor;
}

/** What nodes and edges hold between layers: f32 [N, hiddenDim] and f32 [E, hiddenDim]. */
export interface GraphState {
  nodes: Tensor;
  edges: Tensor;
}

export interface InteractionOptions {
  hiddenDim: number;
  /** How many affine maps the networks of nodes and edges have. Default: 2. */
  numNodeLayers?: number;
  numEdgeLayers?: number;
  activation?: ActivationName;
  /** Normalisations of hidden layers, as in `Mlp`. */
  norms?: readonly ((features: number) => Layer)[];
  /** Whether rows go through each network in one launch, as in `Mlp`. Default: no. */
  isFused?: boolean;
  /** What a node receives from its edges, side by side. Default: their sum. */
  aggregate?: readonly AggregationName[];
  /** Whether edges see the nodes as just updated; default: as they were. */
  hasNewNodes?: boolean;
  /** Whether both networks also see the state before the first layer. Default: no. */
  hasInitialState?: boolean;
  rng: Rng;
}

/**
 * Interaction network layer with residuals, Battaglia et al. 2016 (arXiv:1612.00222).
 *
 *   x'_i = x_i + φ_node(x_i, aggregate_{e: j → i} e)        e'_ji = e_ji + φ_edge(x_j, x_i, e_ji)
 */
export class InteractionLayer {
  readonly nodeNetwork: Mlp;
  readonly edgeNetwork: Mlp;
  readonly aggregate: readonly AggregationName[];
  readonly hasNewNodes: boolean;
  readonly hasInitialState: boolean;

  constructor(options: InteractionOptions) {
    const { hiddenDim, aggregate = ["sum"], hasNewNodes = false } = options;
    const { numNodeLayers = 2, numEdgeLayers = 2, hasInitialState = false } = options;
    const stateDim = hasInitialState ? 2 * hiddenDim : hiddenDim;
    const endDim = hasNewNodes ? hiddenDim : stateDim;
    this.nodeNetwork = network(options, (1 + aggregate.length) * stateDim, numNodeLayers);
    this.edgeNetwork = network(options, 2 * endDim + stateDim, numEdgeLayers);
    this.aggregate = aggregate;
    this.hasNewNodes = hasNewNodes;
    this.hasInitialState = hasInitialState;
  }

  /** The next state; `initial`, the state before the first layer, is read if the options say so. */
  forward(
    state: GraphState,
    ends: EdgeEnds,
    { initial = state, pass }: { initial?: GraphState; pass?: TrainingPass | undefined } = {},
  ): GraphState {
    const segments = segmentsOf(ends.target, state.nodes.shape[0]);
    const beside = (now: Tensor, first: Tensor) =>
      this.hasInitialState ? concat([now, first]) : now;
    const x = beside(state.nodes, initial.nodes);
    const e = beside(state.edges, initial.edges);
    const received = this.aggregate.map((name) => aggregations[name](e, segments));
    const nodes = this.nodeNetwork.forward(concat([x, ...received]), pass).add(state.nodes);
    const seen = endsOf(this.hasNewNodes ? nodes : x, ends);
    const edges = this.edgeNetwork.forward(concat([...seen, e]), pass).add(state.edges);
    return { nodes, edges };
  }
}

export interface InteractionNetworkOptions extends InteractionOptions {
  /** Features of a node. */
  inputs: number;
  numIterations: number;
  /** Whether each iteration has weights of its own; default: all share one layer. */
  hasOwnWeights?: boolean;
}

/** Encoders, some interaction layers, and a score per edge: the graph network of Exa.TrkX (arXiv:2103.06995). */
export class InteractionNetwork {
  readonly nodeEncoder: Mlp;
  readonly edgeEncoder: Mlp;
  readonly layers: readonly InteractionLayer[];
  readonly outputEdgeClassifier: Mlp;
  readonly numIterations: number;

  constructor(options: InteractionNetworkOptions) {
    const { inputs, hiddenDim, numIterations, hasOwnWeights = false } = options;
    const { numNodeLayers = 2, numEdgeLayers = 2 } = options;
    this.nodeEncoder = network(options, inputs, numNodeLayers);
    this.edgeEncoder = network(options, 2 * hiddenDim, numEdgeLayers);
    const numLayers = hasOwnWeights ? numIterations : 1;
    this.layers = Array.from({ length: numLayers }, () => new InteractionLayer(options));
    this.outputEdgeClassifier = network(options, 3 * hiddenDim, numEdgeLayers, 1);
    this.numIterations = numIterations;
  }

  /** x f32 [N, inputs] → logit per edge, f32 [E]. */
  forward(x: Tensor, ends: EdgeEnds, pass?: TrainingPass): Tensor {
    const encoded = this.nodeEncoder.forward(x, pass);
    const edges = this.edgeEncoder.forward(concat(endsOf(encoded, ends)), pass);
    const initial = { nodes: encoded, edges };
    let state: GraphState = initial;
    for (let i = 0; i < this.numIterations; i++)
      state = this.layers[i % this.layers.length].forward(state, ends, { initial, pass });
    const parts = concat([...endsOf(state.nodes, ends), state.edges]);
    return this.outputEdgeClassifier.forward(parts, pass).reshape([-1]);
  }
}

const endsOf = (nodes: Tensor, { source, target }: EdgeEnds): Tensor[] => [
  gather(nodes, source),
  gather(nodes, target),
];

/** `numLayers` hidden widths after the inputs, and one of `outputs` if given. */
function network(options: InteractionOptions, inputs: number, numLayers: number, outputs?: number) {
  const { hiddenDim, activation = "relu", norms = [], isFused = false, rng } = options;
  const hidden = new Array<number>(numLayers).fill(hiddenDim);
  const sizes = [inputs, ...hidden, ...(outputs === undefined ? [] : [outputs])];
  return new Mlp({ sizes, activation, norms, isFused, rng });
}
