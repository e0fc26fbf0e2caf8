import type { Tensor } from "../../engine/tensor.ts";

/**
 * Mean squared error over what is not padding.
 *
 *   L = Σ (1 − mask) (ŷ − y)² / (F · Σ (1 − mask))
 *
 * prediction, target f32 [B, N, F]; mask bool [B, N], true where a row is padding.
 */
export function maskedMse(prediction: Tensor, target: Tensor, mask: Tensor): Tensor {
  const [batch, numRows, features] = prediction.shape;
  const isValid = mask.not().reshape([batch, numRows, 1]);
  const squares = isValid.select(prediction.sub(target).square(), 0);
  return squares.sum().div(isValid.cast("f32").sum().mul(features));
}

/** Mean of (ŷ − y)² over all elements. */
export function mse(prediction: Tensor, target: Tensor): Tensor {
  return prediction.sub(target).square().mean();
}
