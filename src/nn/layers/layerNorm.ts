import { ones, tensor, zeros } from "../../engine/create.ts";
import { layerNorm } from "../../engine/ops/normalize.ts";
import type { Tensor } from "../../engine/tensor.ts";
import type { Layer } from "./layer.ts";

export interface LayerNormOptions {
  epsilon?: number;
  /** Learned scale and shift; default: yes. */
  isAffine?: boolean;
}

/** Layer normalisation of the last axis, Ba et al. 2016 (arXiv:1607.06450). */
export class LayerNorm implements Layer {
  readonly weight: Tensor | null;
  readonly bias: Tensor | null;
  readonly epsilon: number;

  constructor(features: number, { epsilon = 1e-5, isAffine = true }: LayerNormOptions = {}) {
    this.weight = isAffine ? ones([features]) : null;
    this.bias = isAffine ? zeros([features]) : null;
    this.epsilon = epsilon;
  }

  /** x f32 […, features] → the same shape. */
  forward(x: Tensor): Tensor {
    const features = x.shape[x.rank - 1];
    const weight = this.weight ?? repeated(1, features);
    return layerNorm(x, weight, this.bias ?? repeated(0, features), this.epsilon);
  }
}

const known = new Map<string, Tensor>();

/** A number as often as there are features: the same tensor for all layers, so one buffer serves them. */
function repeated(value: number, features: number): Tensor {
  const key = `${value} ${features}`;
  const made = known.get(key) ?? tensor(new Float32Array(features).fill(value));
  known.set(key, made);
  return made;
}
