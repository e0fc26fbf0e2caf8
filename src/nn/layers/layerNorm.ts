import { layerNorm } from "../../engine/ops/normalize.ts";
import { ones, type Tensor, zeros } from "../../engine/tensor.ts";

/** Layer normalisation of the last axis, Ba et al. 2016 (arXiv:1607.06450), with learned scale and shift. */
export class LayerNorm {
  readonly weight: Tensor;
  readonly bias: Tensor;
  readonly epsilon: number;

  constructor(features: number, epsilon = 1e-5) {
    this.weight = ones([features]);
    this.bias = zeros([features]);
    this.epsilon = epsilon;
  }

  /** x f32 […, features] → the same shape. */
  forward(x: Tensor): Tensor {
    return layerNorm(x, this.weight, this.bias, this.epsilon);
  }
}
