import { type Code, local, set } from "../../src/engine/codegen/wasm/code.ts";
import { loop, loopUp, whenElse } from "../../src/engine/codegen/wasm/control.ts";
import { f32x4, i32, v128 } from "../../src/engine/codegen/wasm/instructions.ts";
import type { WasmSpelling } from "../../src/engine/kernel.ts";
import { dense } from "./packing.ts";
import { product, productGrain, productScratch } from "./product.ts";
import { bytes, integers, least } from "./words.ts";

const { add, const: number } = i32;

/** `linearGradient` in WebAssembly: a unit is four rows of dW and their four sums of dy. */
export const linearGradientWasm: WasmSpelling = {
  units: ({ O }) => Math.ceil(O / 4),
  work: ({ R, O, I }) => R * O * I,
  grain: () => productGrain,
  scratch: ({ I }) => productScratch(I),
  code({ dims: { R, O, I }, at, scratch, from, to, multiplyAdd }) {
    const [o, column, r, address, target] = integers(5);
    const sum = local("v128");
    const sumOf = (load: (address: Code) => Code, store: Code): Code => [
      set(sum, f32x4.const(0)),
      set(address, add(at.dy, bytes(column))),
      loop(r, number(0), R, [
        set(sum, f32x4.add(sum, load(address))),
        set(address, add(address, bytes(O))),
      ]),
      set(target, add(at.bias, bytes(column))),
      store,
    ];
    const together = sumOf(v128.load, v128.store(target, sum));
    const single = sumOf(v128.load32Splat, v128.store32Lane(target, sum, 0));
    const end = least(O, bytes(to));
    return [
      product({
        a: dense(at.dy, R, O, true),
        b: dense(at.x, I, R, false),
        ...{ y: at.y, from, to, M: O, K: R, N: I, scratch, multiplyAdd },
      }),
      set(o, bytes(from)),
      loopUp(o, end, number(4), [
        set(column, o),
        whenElse(i32.leU(add(o, number(4)), O), together, [loopUp(column, end, number(1), single)]),
      ]),
    ];
  },
};
