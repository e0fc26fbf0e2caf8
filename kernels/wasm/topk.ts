import { local, set } from "../../src/engine/codegen/wasm/code.ts";
import { loop, loopUp, repeatWhile, when } from "../../src/engine/codegen/wasm/control.ts";
import { f32, f32x4, i32, v128 } from "../../src/engine/codegen/wasm/instructions.ts";
import type { WasmSpelling } from "../../src/engine/kernel.ts";
import { fitsList, listBytes, nearestList } from "./insertion.ts";
import { bytes, integers, wordAt } from "./words.ts";

const { add, mul, const: number } = i32;

/**
 * `leastOfRows` in WebAssembly: a unit is a row. Eight elements cost one comparison unless one of them is
 * less than the last in the list.
 */
export const leastOfRowsWasm: WasmSpelling = {
  suits: ({ k }) => fitsList(k),
  units: ({ R }) => R,
  work: ({ R, F }) => (R * F) / 2,
  scratch: () => listBytes,
  code({ dims: { F }, at, scratch, from, to }, attrs) {
    const k = Number(attrs.k);
    const [r, f, end, x, rows] = integers(5);
    const value = local("f32");
    const list = nearestList(k, { entries: scratch, rows });
    const consider = [set(value, f32.load(wordAt(x, f))), list.insert(value, f)];
    const isIn = (half: number) => f32x4.le(v128.load(wordAt(x, f), half), list.bound);
    return loop(r, from, to, [
      set(x, add(at.x, bytes(mul(r, F)))),
      set(rows, add(at.y, bytes(mul(r, number(k))))),
      list.clear(f32.const(3.4028234663852886e38)), // no infinity
      set(f, number(0)),
      repeatWhile(i32.leU(add(f, number(8)), F), [
        set(end, add(f, number(8))),
        when(v128.anyTrue(v128.or(isIn(0), isIn(16))), loopUp(f, end, number(1), consider)),
        set(f, end),
      ]),
      loopUp(f, F, number(1), consider),
    ]);
  },
};
