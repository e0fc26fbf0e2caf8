/** How weights start. `shape` is [outputs, inputs], or any shape for a constant. */

import { zeros } from "../engine/create.ts";
import type { Rng } from "../engine/random.ts";
import type { Shape } from "../engine/shape.ts";
import type { Tensor } from "../engine/tensor.ts";

export type Initialiser = (shape: Shape, rng: Rng) => Tensor;

/** Uniform within ±1/√inputs: PyTorch's linear layers. */
export const fanInUniform: Initialiser = (shape, rng) => {
  const bound = 1 / Math.sqrt(shape[shape.length - 1]);
  return rng.uniform(shape, -bound, bound);
};

/** Uniform within ±√(6 / (inputs + outputs)), Glorot & Bengio 2010 (PMLR 9:249). */
export const xavierUniform: Initialiser = (shape, rng) => {
  const bound = Math.sqrt(6 / fans(shape));
  return rng.uniform(shape, -bound, bound);
};

/** Normal of variance 2 / (inputs + outputs), Glorot & Bengio 2010 (PMLR 9:249). */
export const xavierNormal: Initialiser = (shape, rng) =>
  rng.normal(shape).mul(Math.sqrt(2 / fans(shape)));

export const zero: Initialiser = (shape) => zeros(shape);

const fans = (shape: Shape): number => shape[shape.length - 1] + shape[shape.length - 2];
