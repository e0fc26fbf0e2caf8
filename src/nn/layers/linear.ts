import { matmul } from "../../engine/ops/contraction.ts";
import type { Rng } from "../../engine/random.ts";
import type { Tensor } from "../../engine/tensor.ts";

/**
 * Affine map of the last axis, y = x Wᵀ + b.
 *
 * weight f32 [outputs, inputs], bias f32 [outputs]; both start uniform within ±1/√inputs.
 */
export class Linear {
  readonly weight: Tensor;
  readonly bias: Tensor;

  constructor(inputs: number, outputs: number, rng: Rng) {
    const bound = 1 / Math.sqrt(inputs);
    this.weight = rng.uniform([outputs, inputs], -bound, bound);
    this.bias = rng.uniform([outputs], -bound, bound);
  }

  /** x f32 […, inputs] → f32 […, outputs]. */
  forward(x: Tensor): Tensor {
    return matmul(x, this.weight, { transposeB: true }).add(this.bias);
  }
}
