/** Activations that a row can go through without leaving its launch, in every spelling. */
import { type Code, shared } from "../codegen/wasm/code.ts";
import { f32x4, v128 } from "../codegen/wasm/instructions.ts";
import * as wasm from "../codegen/wasm/math.ts";
import type { Tensor } from "../tensor.ts";
import { silu } from "./activation.ts";
import { unary } from "./elementwise.ts";

interface RowActivationSpellings {
  of: (x: Tensor) => Tensor;
  js: (x: number) => number;
  wgsl: (x: string) => string;
  wasm: (x: Code) => Code;
  /** Its derivative at x, where its value is y. */
  slope: {
    js: (x: number, y: number) => number;
    wgsl: (x: string, y: string) => string;
    wasm: (x: Code, y: Code) => Code;
  };
}

export type RowActivation = "none" | "relu" | "tanh" | "sigmoid" | "silu";

const one = f32x4.const(1);

export const rowActivations: Readonly<Record<RowActivation, RowActivationSpellings>> = {
  none: {
    of: (x) => x,
    js: (x) => x,
    wgsl: (x) => x,
    wasm: (x) => x,
    slope: { js: () => 1, wgsl: () => "1.0", wasm: () => one },
  },
  relu: {
    of: (x) => x.relu(),
    js: (x) => Math.max(x, 0),
    wgsl: unary.relu.wgsl,
    wasm: (x) => f32x4.pmax(x, f32x4.const(0)),
    slope: {
      js: (_x, y) => Number(y > 0),
      wgsl: (_x, y) => `select(0.0, 1.0, ${y} > 0.0)`,
      wasm: (_x, y) => v128.and(one, f32x4.gt(y, f32x4.const(0))),
    },
  },
  tanh: {
    of: (x) => x.tanh(),
    js: Math.tanh,
    wgsl: unary.tanh.wgsl,
    wasm: wasm.tanh,
    slope: {
      js: (_x, y) => 1 - y * y,
      wgsl: (_x, y) => `(1.0 - ${y} * ${y})`,
      wasm: (_x, y) => f32x4.sub(one, f32x4.mul(y, y)),
    },
  },
  sigmoid: {
    of: (x) => x.sigmoid(),
    js: (x) => 1 / (1 + Math.exp(-x)),
    wgsl: unary.sigmoid.wgsl,
    wasm: wasm.sigmoid,
    slope: {
      js: (_x, y) => y * (1 - y),
      wgsl: (_x, y) => `${y} * (1.0 - ${y})`,
      wasm: (_x, y) => f32x4.mul(y, f32x4.sub(one, y)),
    },
  },
  silu: {
    of: silu,
    js: (x) => x / (1 + Math.exp(-x)),
    wgsl: (x) => `${x} * (${unary.sigmoid.wgsl(x)})`,
    wasm: (x) => {
      const value = shared(x);
      return f32x4.mul(value, wasm.sigmoid(value));
    },
    // σ + y (1 − σ) with σ the sigmoid of x
    slope: {
      js: (x, y) => y + (1 - y) / (1 + Math.exp(-x)),
      wgsl: (x, y) => `(${y} + (1.0 - ${y}) * (${unary.sigmoid.wgsl(x)}))`,
      wasm: (x, y) => f32x4.add(y, f32x4.mul(f32x4.sub(one, y), wasm.sigmoid(x))),
    },
  },
};
