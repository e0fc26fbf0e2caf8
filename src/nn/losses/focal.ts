import { binaryCrossEntropyEntries } from "../../engine/ops/entropy.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { type LossOptions, reduceLoss } from "./reduction.ts";

export interface FocalOptions extends LossOptions {
  /** How much less easy entries count; 0 is plain cross-entropy. */
  gamma?: number;
}

/**
 * Focal loss, Lin et al. 2017 (arXiv:1708.02002), from logits.
 *
 *   l = (1 − e⁻ᵇ)^γ b          b binary cross-entropy, so e⁻ᵇ is the probability of the true label
 */
export function focalWithLogits(
  logits: Tensor,
  labels: Tensor,
  options: FocalOptions = {},
): Tensor {
  const { gamma = 1 } = options;
  const bce = binaryCrossEntropyEntries(logits, labels);
  const error = bce.neg().expm1().neg();
  const easing = gamma === 1 ? error : error.maximum(0).pow(gamma);
  return reduceLoss(easing.mul(bce), options);
}
