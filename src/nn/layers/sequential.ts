import type { Tensor } from "../../engine/tensor.ts";
import { type ActivationName, activations } from "../activations.ts";
import type { Layer, TrainingPass } from "./layer.ts";

/** An activation as a layer. */
export class Activate implements Layer {
  readonly activation: ActivationName;

  constructor(activation: ActivationName) {
    this.activation = activation;
  }

  forward(x: Tensor): Tensor {
    return activations[this.activation](x);
  }
}

/**
 * Layers one after the other. They are fields named 0, 1, …, so that their parameters have the
 * names of PyTorch's `nn.Sequential`: `0.weight`, `3.weight`, ….
 */
export class Sequential implements Layer {
  readonly [index: number]: Layer;
  readonly length: number;

  constructor(layers: readonly Layer[]) {
    Object.assign(this, layers);
    this.length = layers.length;
  }

  forward(x: Tensor, pass?: TrainingPass, isRow?: Tensor): Tensor {
    return inSequence(this, x, pass, isRow);
  }
}

export function inSequence(
  layers: ArrayLike<Layer>,
  x: Tensor,
  pass?: TrainingPass,
  isRow?: Tensor,
): Tensor {
  let y = x;
  for (let i = 0; i < layers.length; i++) y = layers[i].forward(y, pass, isRow);
  return y;
}
