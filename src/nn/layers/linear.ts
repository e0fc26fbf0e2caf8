import { linear } from "../../engine/ops/linear.ts";
import type { Rng } from "../../engine/random.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { fanInUniform, type Initialiser } from "../initialisers.ts";

export interface LinearOptions {
  /** Default: uniform within ±1/√inputs. */
  weight?: Initialiser;
  /** Default: uniform within ±1/√inputs. */
  bias?: Initialiser;
}

/** Affine map of the last axis, y = x Wᵀ + b, with weight f32 [outputs, inputs], bias f32 [outputs]. */
export class Linear {
  readonly weight: Tensor;
  readonly bias: Tensor;

  constructor(inputs: number, outputs: number, rng: Rng, options: LinearOptions = {}) {
    const bound = 1 / Math.sqrt(inputs);
    this.weight = (options.weight ?? fanInUniform)([outputs, inputs], rng);
    this.bias = options.bias?.([outputs], rng) ?? rng.uniform([outputs], -bound, bound);
  }

  /** x f32 […, inputs] → f32 […, outputs]. */
  forward(x: Tensor): Tensor {
    return linear(x, this.weight, this.bias);
  }
}
