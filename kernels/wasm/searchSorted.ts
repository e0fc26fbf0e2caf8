import { type Code, local, set } from "../../src/engine/codegen/wasm/code.ts";
import { loop, repeatWhile, when } from "../../src/engine/codegen/wasm/control.ts";
import { f32, i32 } from "../../src/engine/codegen/wasm/instructions.ts";
import type { WasmSpelling } from "../../src/engine/kernel.ts";
import { integers, wordAt } from "./words.ts";

const { add, sub, const: number } = i32;

/** x < y, and x ≤ y. */
const comparisons = {
  f32: [f32.lt, f32.le],
  i32: [i32.ltS, i32.leS],
  u32: [i32.ltU, i32.leU],
} as const;

/**
 * `searchSorted` in WebAssembly: a unit is a value. Each round halves the elements that are left, without
 * a branch; the last one is compared alone.
 */
export const searchSortedWasm: WasmSpelling = {
  units: ({ S }) => S,
  work: ({ E, S }) => 2 * S * Math.ceil(Math.log2(E + 2)),
  scratch: () => 0,
  code({ dims: { E }, at, from, to }, { dtype = "f32", right }) {
    const type = dtype as keyof typeof comparisons;
    const isBefore = comparisons[type][right ? 1 : 0];
    const load = type === "f32" ? f32.load : i32.load;
    const [s, low, left, half] = integers(4);
    const value = local(type === "f32" ? "f32" : "i32");
    const element = (index: Code): Code => load(wordAt(at.sorted, index));
    const stepIf = (condition: Code, step: Code): Code =>
      set(low, add(low, i32.select(condition, step, number(0))));
    return loop(s, from, to, [
      set(value, load(wordAt(at.values, s))),
      set(low, number(0)),
      set(left, E),
      repeatWhile(i32.gtU(left, number(1)), [
        set(half, i32.shrU(left, number(1))),
        stepIf(isBefore(element(sub(add(low, half), number(1))), value), half),
        set(left, sub(left, half)),
      ]),
      when(left, stepIf(isBefore(element(low), value), number(1))),
      i32.store(wordAt(at.y, s), low),
    ]);
  },
};
