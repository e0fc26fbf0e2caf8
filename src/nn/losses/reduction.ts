import type { Tensor } from "../../engine/tensor.ts";

export interface LossOptions {
  /** Of each entry, in the shape of the loss; default: 1. */
  weights?: Tensor;
  /** Σ w l / N, Σ w l / Σ w (0 where no weight is), or Σ w l; default: mean. */
  reduction?: "mean" | "weightedMean" | "sum";
}

/** One number from the losses of all entries. */
export function reduceLoss(losses: Tensor, options: LossOptions = {}): Tensor {
  const { weights, reduction = "mean" } = options;
  const weighted = weights ? losses.mul(weights) : losses;
  if (reduction === "sum") return weighted.sum();
  if (reduction === "mean" || !weights) return weighted.mean();
  const total = weights.sum();
  return weighted.sum().div(total.equal(0).select(1, total));
}
