import { set } from "../../src/engine/codegen/wasm/code.ts";
import { loopUp } from "../../src/engine/codegen/wasm/control.ts";
import { i32 } from "../../src/engine/codegen/wasm/instructions.ts";
import type { WasmSpelling } from "../../src/engine/kernel.ts";
import { dense } from "./packing.ts";
import { product, productGrain, productScratch } from "./product.ts";
import { bytes, integers, least } from "./words.ts";

const { add, sub, mul } = i32;

/** `matmul` in WebAssembly: a unit is four rows of one product of the batch. */
export const matmulWasm: WasmSpelling = {
  units: ({ B, M }) => B * Math.ceil(M / 4),
  work: ({ B, M, K, N }) => B * M * K * N,
  grain: () => productGrain,
  scratch: ({ N }) => productScratch(N),
  code({ dims: { C, M, K, N }, at, scratch, from, to, multiplyAdd }, { transposeA, transposeB }) {
    const [unit, groups, batch, first, last, a, b, y] = integers(8);
    return [
      set(groups, i32.shrU(add(M, i32.const(3)), i32.const(2))),
      set(unit, from),
      loopUp(unit, to, sub(last, first), [
        set(batch, i32.divU(unit, groups)),
        set(first, i32.remU(unit, groups)),
        set(last, least(groups, add(first, sub(to, unit)))),
        set(a, add(at.a, mul(batch, bytes(mul(M, K))))),
        set(b, add(at.b, mul(i32.remU(batch, C), bytes(mul(K, N))))),
        set(y, add(at.y, mul(batch, bytes(mul(M, N))))),
        product({
          a: dense(a, K, M, Boolean(transposeA)),
          b: dense(b, N, K, Boolean(transposeB)),
          ...{ y, from: first, to: last, M, K, N, scratch, multiplyAdd },
        }),
      ]),
    ];
  },
};
