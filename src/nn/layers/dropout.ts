import type { Tensor } from "../../engine/tensor.ts";
import type { Layer, TrainingPass } from "./layer.ts";

/**
 * Dropout, Srivastava et al. 2014 (jmlr:v15/srivastava14a): while training, y = x / (1 − p) with
 * probability 1 − p, else 0.
 *
 * The mask is a function of the generator's counter: backward recomputes it instead of storing it.
 */
export class Dropout implements Layer {
  readonly probability: number;

  constructor(probability: number) {
    if (!(probability >= 0 && probability < 1))
      throw new RangeError(`Dropout: expected a probability in [0, 1), got ${probability}`);
    this.probability = probability;
  }

  forward(x: Tensor, pass?: TrainingPass): Tensor {
    const p = this.probability;
    if (!pass || p === 0) return x;
    const isKept = pass.rng.uniform(x.shape).greaterEqual(p);
    return isKept.select(x.mul(1 / (1 - p)), 0);
  }
}
