import type { DType } from "../dtype.ts";

/** A reduction combines values with an elementwise op, starting from its neutral element. */
export interface ReduceOp {
  combine: "add" | "mul" | "maximum" | "minimum";
  /** Neutral element per dtype. Float extremes stand for ±∞, which WGSL cannot spell. */
  start: Readonly<Partial<Record<DType, number>>>;
  /** Whether a reduction over nothing has a value. */
  ofNothing: boolean;
}

const largest = 3.4028234663852886e38; // greatest finite f32

export const reduce = {
  sum: { combine: "add", start: { f32: 0, i32: 0, u32: 0 }, ofNothing: true },
  prod: { combine: "mul", start: { f32: 1, i32: 1, u32: 1 }, ofNothing: true },
  max: { combine: "maximum", start: { f32: -largest, i32: -(2 ** 31), u32: 0 }, ofNothing: false },
  min: {
    combine: "minimum",
    start: { f32: largest, i32: 2 ** 31 - 1, u32: 2 ** 32 - 1 },
    ofNothing: false,
  },
} satisfies Record<string, ReduceOp>;

export type ReduceName = keyof typeof reduce;
export const reductions: Readonly<Record<string, ReduceOp>> = reduce;
