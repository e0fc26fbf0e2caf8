import { range } from "../../engine/create.ts";
import { ShapeError } from "../../engine/errors.ts";
import { showShape } from "../../engine/shape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { type LossOptions, reduceLoss } from "./reduction.ts";

/**
 * Cross-entropy over classes, from logits.
 *
 *   l_r = log Σ_c exp(z_rc) − z_r,label(r)          shifted by max_c z_rc, so that nothing overflows
 *
 * logits f32 [R, C]; labels i32 or u32 [R] → one number.
 */
export function crossEntropyWithLogits(
  logits: Tensor,
  labels: Tensor,
  options: LossOptions = {},
): Tensor {
  const [numRows, numClasses] = logits.shape;
  if (logits.rank !== 2 || labels.rank !== 1 || labels.shape[0] !== numRows)
    throw new ShapeError(
      `crossEntropyWithLogits: expected logits [R, C] and labels [R], got ${showShape(logits.shape)} and ${showShape(labels.shape)}`,
    );
  const shifted = logits.sub(logits.stopGradient().max({ axes: 1, keepAxes: true }));
  const isLabel = labels.cast("i32").reshape([numRows, 1]).equal(range(numClasses));
  const ofLabel = isLabel.select(shifted, 0).sum({ axes: 1 });
  return reduceLoss(shifted.exp().sum({ axes: 1 }).log().sub(ofLabel), options);
}
