/** Softmax and layer norm in WebAssembly: a unit is a row, which stays in the first cache. */
import { type Code, type Local, local, set, shared } from "../../src/engine/codegen/wasm/code.ts";
import { loop } from "../../src/engine/codegen/wasm/control.ts";
import { f32, f32x4, i32 } from "../../src/engine/codegen/wasm/instructions.ts";
import { expOfDifference } from "../../src/engine/codegen/wasm/math.ts";
import type { WasmSpelling } from "../../src/engine/kernel.ts";
import { mapRow, reduceRow } from "./rowLoops.ts";

const { add, sub, mul, div } = f32x4;

export const softmaxWasm: WasmSpelling = {
  units: ({ R }) => R,
  work: ({ R, F }) => 8 * R * F,
  scratch: () => 0,
  code({ dims: { F }, at, from, to }) {
    const [r, x, y] = [local("i32"), local("i32"), local("i32")];
    const [greatest, total, weight] = [local("v128"), local("v128"), local("v128")];
    const start = i32.shl(i32.mul(r, F), i32.const(2));
    const lowest = f32x4.const(Number.NEGATIVE_INFINITY);
    return loop(r, from, to, [
      set(x, i32.add(at.x, start)),
      set(y, i32.add(at.y, start)),
      // passes over a NaN, which is one again in its exponential and so in the sum
      reduceRow(F, greatest, f32x4.pmax, lowest, ({ load }) => load(x)),
      reduceRow(F, total, add, f32x4.const(0), ({ load, store }) => [
        set(weight, expOfDifference(sub(load(x), greatest))),
        store(y, weight),
        weight,
      ]),
      set(total, div(f32x4.const(1), total)),
      mapRow(F, ({ load, store }) => store(y, mul(load(y), total))),
    ]);
  },
};

export const layerNormWasm: WasmSpelling = {
  units: ({ R }) => R,
  work: ({ R, F }) => 8 * R * F,
  scratch: () => 0,
  code({ dims: { F }, numbers: { epsilon }, at, from, to }) {
    const [r, x, y] = [local("i32"), local("i32"), local("i32")];
    const [mean, scale] = [local("v128"), local("v128")];
    const start = i32.shl(i32.mul(r, F), i32.const(2));
    return loop(r, from, to, [
      set(x, i32.add(at.x, start)),
      set(y, i32.add(at.y, start)),
      rowStatistics(x, F, epsilon, { mean, scale }),
      mapRow(F, ({ load, store }) => {
        const scaled = mul(mul(sub(load(x), mean), scale), load(at.weight));
        return store(y, add(scaled, load(at.bias)));
      }),
    ]);
  },
};

/** Mean of a row of F numbers, and 1/√(variance + ε), in all lanes. */
export function rowStatistics(
  row: Local,
  F: Code,
  epsilon: Local,
  { mean, scale }: { mean: Local; scale: Local },
): Code {
  const zero = f32x4.const(0);
  const count = f32x4.splat(f32.convertI32U(F));
  return [
    reduceRow(F, mean, add, zero, ({ load }) => load(row)),
    set(mean, div(mean, count)),
    reduceRow(F, scale, add, zero, ({ load }) => {
      const deviation = shared(sub(load(row), mean));
      return mul(deviation, deviation);
    }),
    set(scale, f32x4.sqrt(add(div(scale, count), f32x4.splat(epsilon)))),
    set(scale, div(f32x4.const(1), scale)),
  ];
}
