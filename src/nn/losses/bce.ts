import { binaryCrossEntropyEntries } from "../../engine/ops/entropy.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { type LossOptions, reduceLoss } from "./reduction.ts";

export interface BceOptions extends LossOptions {
  /** Counts entries of label 1 this many times; default: once. */
  positiveWeight?: number;
}

/**
 * Binary cross-entropy from logits, reduced to one number; logits and labels f32 of one shape.
 *
 *   l = a y softplus(−z) + (1 − y) softplus(z)          z logit, y ∈ {0, 1}, a positive weight
 *
 * Equal to −a y log σ(z) − (1 − y) log(1 − σ(z)), but finite: in f32, log σ(z) is −∞ below z ≈ −88.
 */
export function bceWithLogits(logits: Tensor, labels: Tensor, options: BceOptions = {}): Tensor {
  return reduceLoss(binaryCrossEntropyEntries(logits, labels, options.positiveWeight), options);
}
