import { ShapeError } from "../../engine/errors.ts";
import { crossEntropyEntries } from "../../engine/ops/entropy.ts";
import { showShape } from "../../engine/shape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { type LossOptions, reduceLoss } from "./reduction.ts";

/**
 * Cross-entropy over classes, from logits.
 *
 *   l_r = log Σ_c exp(z_rc) − z_r,label(r)          finite for all finite z
 *
 * logits f32 [R, C]; labels i32 or u32 [R] → one number.
 */
export function crossEntropyWithLogits(
  logits: Tensor,
  labels: Tensor,
  options: LossOptions = {},
): Tensor {
  const [numRows] = logits.shape;
  if (logits.rank !== 2 || labels.rank !== 1 || labels.shape[0] !== numRows)
    throw new ShapeError(
      `crossEntropyWithLogits: expected logits [R, C] and labels [R], got ${showShape(logits.shape)} and ${showShape(labels.shape)}`,
    );
  return reduceLoss(crossEntropyEntries(logits, labels), options);
}
