import type { Rng } from "../../engine/random.ts";
import type { Tensor } from "../../engine/tensor.ts";

/** Given to `forward` while training: statistics come from the batch, and dropout drops. */
export interface TrainingPass {
  /** Of this step alone, so that a step can be repeated. */
  rng: Rng;
}

/**
 * What can stand in a sequence. Without `pass` it infers: a function of x alone. Of the rows of x only
 * those with a true `isRow` bool [R] exist, if it is given: the others are in no statistic of the batch.
 */
export interface Layer {
  forward(x: Tensor, pass?: TrainingPass, isRow?: Tensor): Tensor;
}
