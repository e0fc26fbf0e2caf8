/** Activations that a row can go through without leaving its launch, in every spelling. */
import { type Code, shared } from "../codegen/wasm/code.ts";
import { f32x4 } from "../codegen/wasm/instructions.ts";
import * as wasm from "../codegen/wasm/math.ts";
import type { Tensor } from "../tensor.ts";
import { silu } from "./activation.ts";
import { unary } from "./elementwise.ts";

interface RowActivationSpellings {
  of: (x: Tensor) => Tensor;
  js: (x: number) => number;
  wgsl: (x: string) => string;
  wasm: (x: Code) => Code;
}

export type RowActivation = "none" | "relu" | "tanh" | "sigmoid" | "silu";

export const rowActivations: Readonly<Record<RowActivation, RowActivationSpellings>> = {
  none: { of: (x) => x, js: (x) => x, wgsl: (x) => x, wasm: (x) => x },
  relu: {
    of: (x) => x.relu(),
    js: (x) => Math.max(x, 0),
    wgsl: unary.relu.wgsl,
    wasm: (x) => f32x4.pmax(x, f32x4.const(0)),
  },
  tanh: {
    of: (x) => x.tanh(),
    js: Math.tanh,
    wgsl: unary.tanh.wgsl,
    wasm: wasm.tanh,
  },
  sigmoid: {
    of: (x) => x.sigmoid(),
    js: (x) => 1 / (1 + Math.exp(-x)),
    wgsl: unary.sigmoid.wgsl,
    wasm: wasm.sigmoid,
  },
  silu: {
    of: silu,
    js: (x) => x / (1 + Math.exp(-x)),
    wgsl: (x) => `${x} * ${unary.sigmoid.wgsl(x)}`,
    wasm: (x) => {
      const value = shared(x);
      return f32x4.mul(value, wasm.sigmoid(value));
    },
  },
};
