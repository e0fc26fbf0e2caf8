import type { Tensor } from "../../engine/tensor.ts";
import { type LossOptions, reduceLoss } from "./reduction.ts";

/** Hinge loss: l = max(0, a) with a = 1 − z (2y − 1), z score, y ∈ {0, 1}. */
export function hinge(scores: Tensor, labels: Tensor, options: LossOptions = {}): Tensor {
  return reduceLoss(violation(scores, labels).relu(), options);
}

export interface SmoothHingeOptions extends LossOptions {
  /** Where the bend is round; → 0 is the hinge. */
  width?: number;
}

/** Hinge with a round bend: l = ½ a + ½ √(a² + σ²), σ the width. */
export function smoothHinge(
  scores: Tensor,
  labels: Tensor,
  options: SmoothHingeOptions = {},
): Tensor {
  const { width = 0.1 } = options;
  const a = violation(scores, labels);
  const length = a
    .square()
    .add(width * width)
    .sqrt();
  return reduceLoss(a.add(length).mul(0.5), options);
}

const violation = (scores: Tensor, labels: Tensor): Tensor =>
  scores.mul(labels.mul(2).sub(1)).neg().add(1);
