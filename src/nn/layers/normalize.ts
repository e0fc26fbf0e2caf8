import type { Tensor } from "../../engine/tensor.ts";

/** Rows of length 1: y = x / max(‖x‖₂, ε) along the last axis. A row of zeros stays one. */
export function l2Normalize(x: Tensor, epsilon = 1e-12): Tensor {
  const length = x.square().sum({ axes: -1, keepAxes: true }).sqrt();
  return x.div(length.maximum(epsilon));
}
