import type { Tensor } from "../../engine/tensor.ts";

export interface OverlapOptions {
  /** Keeps the ratio defined when both sets are empty. */
  smooth?: number;
  /** Whether the sizes of the sets are means or sums over entries; `smooth` weighs more with means. */
  reduction?: "mean" | "sum";
}

/**
 * Dice loss, Milletari et al. 2016 (arXiv:1606.04797): p f32 probabilities, y f32 labels of 0 and 1.
 *
 *   L = 1 − (2 Σ p y + s) / (Σ p + Σ y + s)
 */
export function dice(probabilities: Tensor, labels: Tensor, options: OverlapOptions = {}): Tensor {
  const { smooth = 1 } = options;
  const { both, total } = sizes(probabilities, labels, options);
  return both.mul(2).add(smooth).div(total.add(smooth)).neg().add(1);
}

/** Jaccard loss: L = 1 − (I + s) / (U + s), with I = Σ p y and U = Σ p + Σ y − I. */
export function jaccard(
  probabilities: Tensor,
  labels: Tensor,
  options: OverlapOptions = {},
): Tensor {
  const { smooth = 1 } = options;
  const { both, total } = sizes(probabilities, labels, options);
  return both.add(smooth).div(total.sub(both).add(smooth)).neg().add(1);
}

function sizes(p: Tensor, y: Tensor, { reduction = "sum" }: OverlapOptions) {
  const size = (t: Tensor) => (reduction === "sum" ? t.sum() : t.mean());
  return { both: size(p.mul(y)), total: size(p).add(size(y)) };
}
