import { type Code, local, set } from "../../src/engine/codegen/wasm/code.ts";
import { loop } from "../../src/engine/codegen/wasm/control.ts";
import { f32, i32 } from "../../src/engine/codegen/wasm/instructions.ts";
import type { WasmSpelling } from "../../src/engine/kernel.ts";
import { dense, least } from "./packing.ts";
import { product, productGrain, productScratch } from "./product.ts";

/** `linearGradient` in WebAssembly: a unit is four rows of dW and their four sums of dy. */
export const linearGradientWasm: WasmSpelling = {
  units: ({ O }) => Math.ceil(O / 4),
  work: ({ R, O, I }) => R * O * I,
  grain: () => productGrain,
  scratch: ({ I }) => productScratch(I),
  code({ dims: { R, O, I }, at, scratch, from, to, multiplyAdd }) {
    const [o, r, address] = [local("i32"), local("i32"), local("i32")];
    const sum = local("f32");
    const bytes = (words: Code) => i32.shl(words, i32.const(2));
    const column = [
      set(sum, f32.const(0)),
      set(address, i32.add(at.dy, bytes(o))),
      loop(r, i32.const(0), R, [
        set(sum, f32.add(sum, f32.load(address))),
        set(address, i32.add(address, bytes(O))),
      ]),
      f32.store(i32.add(at.bias, bytes(o)), sum),
    ];
    const first = i32.shl(from, i32.const(2));
    return [
      product({
        a: dense(at.dy, R, O, true),
        b: dense(at.x, I, R, false),
        ...{ y: at.y, from, to, M: O, K: R, N: I, scratch, multiplyAdd },
      }),
      loop(o, first, least(O, i32.shl(to, i32.const(2))), column),
    ];
  },
};
