import { ShapeError } from "../../engine/errors.ts";
import { perceptron } from "../../engine/ops/perceptron.ts";
import type { PerceptronOptions } from "../../engine/ops/perceptronStages.ts";
import { perceptronSum } from "../../engine/ops/perceptronSums.ts";
import { type RowActivation, rowActivations } from "../../engine/ops/rowActivations.ts";
import type { Rng } from "../../engine/random.ts";
import { type Segments, segmentSum } from "../../engine/segments.ts";
import type { Tensor } from "../../engine/tensor.ts";
import type { ActivationName } from "../activations.ts";
import { Dropout } from "./dropout.ts";
import type { Layer, TrainingPass } from "./layer.ts";
import { LayerNorm } from "./layerNorm.ts";
import { Linear, type LinearOptions } from "./linear.ts";
import { Activate, inSequence, Sequential } from "./sequential.ts";

export interface MlpOptions {
  /** Widths, from input to output. */
  sizes: readonly number[];
  /** Of hidden layers; default: relu. */
  activation?: ActivationName;
  /** After the last layer; default: none. */
  outputActivation?: ActivationName | null;
  /** Normalisations of each hidden layer, in order: `[(features) => new LayerNorm(features)]`. */
  norms?: readonly ((features: number) => Layer)[];
  /** Whether `norms` come after the activation; default: before. */
  isNormLast?: boolean;
  /** Whether the last layer is normalised too; default: no. */
  hasOutputNorm?: boolean;
  /** Probability, after each normalised layer; default: 0. */
  dropout?: number;
  /** How weights and biases start. */
  init?: LinearOptions;
  /**
   * Takes each row through all layers in one launch, where nothing else fits between: layer norm or none
   * before the activation. Gradients compute the layers again. Default: layer by layer.
   */
  isFused?: boolean;
  /** Parameter names `1.0.weight` by stage and place in it; default: `4.weight`, all in a row. */
  isNested?: boolean;
  rng: Rng;
}

/**
 * Multi-layer perceptron: per stage, Linear → norms → activation → dropout.
 *
 * Its stages are fields 0, 1, … like those of `Sequential`. The options cover the factories of
 * EggNet, Exa.TrkX and HyperTrack, which differ in where the norms stand and in parameter names.
 */
export class Mlp implements Layer {
  readonly [index: number]: Layer;
  readonly length: number;
  private readonly fused: PerceptronOptions | null;

  constructor(options: MlpOptions) {
    const { sizes, isNested = false } = options;
    if (sizes.length < 2)
      throw new ShapeError(`Mlp(sizes): expected input and output widths, got [${sizes}]`);
    const stages = sizes.slice(1).map((_, which) => stageOf(options, which));
    const nested = stages.map((stage) => (stage.length > 1 ? new Sequential(stage) : stage[0]));
    const layers = isNested ? nested : stages.flat();
    Object.assign(this, layers);
    this.length = layers.length;
    this.fused = options.isFused ? fusedStages(options, stages.flat()) : null;
  }

  /** x f32 [R, first size] → f32 [R, last size]. */
  forward(x: Tensor, pass?: TrainingPass, isRow?: Tensor): Tensor {
    const y = this.fused && perceptron(x, tensorsOf(this), this.fused);
    return y ?? inSequence(this, x, pass, isRow);
  }

  /**
   * Σ of `forward` over the rows of each segment: x f32 [R, first size] → f32 [S, last size], the messages
   * that arrive at each node. With `isFused`, no row of them is stored.
   */
  segmentSum(x: Tensor, segments: Segments, pass?: TrainingPass): Tensor {
    const y = this.fused && perceptronSum(x, tensorsOf(this), segments, this.fused);
    return y ?? segmentSum(this.forward(x, pass), segments);
  }
}

/** What one launch has to know of the layers. */
function fusedStages(options: MlpOptions, layers: readonly Layer[]): PerceptronOptions {
  const { sizes, activation = "relu", outputActivation, norms = [] } = options;
  const [hidden, output] = [activation, outputActivation ?? "none"];
  const norm = layers.find((layer) => layer instanceof LayerNorm);
  const isPlain = layers.every((layer) =>
    [Linear, LayerNorm, Activate].some((kind) => layer instanceof kind),
  );
  const isInOrder = norms.length < 2 && !options.isNormLast && !options.hasOutputNorm;
  if (!(isPlain && isInOrder && isRowActivation(hidden) && isRowActivation(output)))
    throw new ShapeError(
      `Mlp(isFused): expected linear layers, one layer norm before ${Object.keys(rowActivations).join(", ")}, got others`,
    );
  const [kind, epsilon] = norm
    ? ([norm.weight ? "affine" : "plain", norm.epsilon] as const)
    : (["none", 0] as const);
  return {
    ...{ widths: sizes.slice(1), activation: hidden, outputActivation: output },
    ...{ norm: kind, epsilon },
  };
}

const isRowActivation = (name: string): name is RowActivation =>
  Object.hasOwn(rowActivations, name);

/** Weight and bias of linear layers and norms, in order. */
function tensorsOf(layers: ArrayLike<Layer>): Tensor[] {
  return Array.from(layers).flatMap((layer) => {
    if (layer instanceof Sequential) return tensorsOf(layer);
    const isWeighted = layer instanceof Linear || layer instanceof LayerNorm;
    return isWeighted && layer.weight ? [layer.weight, layer.bias as Tensor] : [];
  });
}

function stageOf(options: MlpOptions, which: number): Layer[] {
  const { sizes, activation = "relu", outputActivation = null, norms = [] } = options;
  const { isNormLast = false, hasOutputNorm = false, dropout = 0, init, rng } = options;
  const isOutput = which === sizes.length - 2;
  const [inputs, outputs] = [sizes[which], sizes[which + 1]];
  const linear = new Linear(inputs, outputs, rng, init);
  const name = isOutput ? outputActivation : activation;
  const activate = name === null ? [] : [new Activate(name)];
  if (isOutput && !hasOutputNorm) return [linear, ...activate];
  const normal = norms.map((norm) => norm(outputs));
  const inOrder = isNormLast ? [...activate, ...normal] : [...normal, ...activate];
  return [linear, ...inOrder, ...(dropout > 0 ? [new Dropout(dropout)] : [])];
}
