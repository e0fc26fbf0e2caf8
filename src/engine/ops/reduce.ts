import type { DType } from "../dtype.ts";
import type { Tensor } from "../tensor.ts";

/** A reduction combines values with an elementwise op, starting from its neutral element. */
export interface ReduceOp {
  combine: "add" | "mul" | "maximum" | "minimum";
  /** Neutral element per dtype. Float extremes stand for ±∞, which WGSL cannot spell. */
  start: Readonly<Partial<Record<DType, number>>>;
  /** Whether a reduction over nothing has a value. */
  ofNothing: boolean;
  /** dL/dx; dy and y have size 1 along the reduced axes. */
  grad?: (dy: Tensor, x: Tensor, y: Tensor, axes: readonly number[]) => Tensor;
}

const largest = 3.4028234663852886e38; // greatest finite f32

/** Extremes that tie share the gradient equally. */
function sharedByExtremes(dy: Tensor, x: Tensor, y: Tensor, axes: readonly number[]): Tensor {
  const isExtreme = x.equal(y);
  const count = isExtreme.cast("f32").sum({ axes, keepAxes: true });
  return isExtreme.select(dy.div(count), 0);
}

export type ReduceName = "sum" | "prod" | "max" | "min";

export const reduce: Readonly<Record<ReduceName, ReduceOp>> = {
  sum: {
    combine: "add",
    start: { f32: 0, i32: 0, u32: 0 },
    ofNothing: true,
    grad: (dy, x) => dy.repeat(x.shape),
  },
  prod: { combine: "mul", start: { f32: 1, i32: 1, u32: 1 }, ofNothing: true },
  max: {
    combine: "maximum",
    start: { f32: -largest, i32: -(2 ** 31), u32: 0 },
    ofNothing: false,
    grad: sharedByExtremes,
  },
  min: {
    combine: "minimum",
    start: { f32: largest, i32: 2 ** 31 - 1, u32: 2 ** 32 - 1 },
    ofNothing: false,
    grad: sharedByExtremes,
  },
};

export const reductions: Readonly<Record<string, ReduceOp>> = reduce;
