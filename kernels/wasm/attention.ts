import { type Code, local, set } from "../../src/engine/codegen/wasm/code.ts";
import { loop, repeatWhile } from "../../src/engine/codegen/wasm/control.ts";
import { f32, f32x4, i32, v128 } from "../../src/engine/codegen/wasm/instructions.ts";
import { expOfDifference, log } from "../../src/engine/codegen/wasm/math.ts";
import type { WasmSpelling } from "../../src/engine/kernel.ts";
import { blockRows, Heads, headScratch } from "./heads.ts";
import { product } from "./product.ts";
import { acrossLanes } from "./rowLoops.ts";
import { integers, least } from "./words.ts";

const { add, sub, mul, const: number } = i32;
const groups = (rows: Code): Code => i32.shrU(add(rows, number(3)), number(2));

/**
 * `attention` in WebAssembly: a unit is a block of queries of one head. The scores of its queries of one
 * event are one product, which becomes weights in place, and their results another.
 */
export const attentionWasm: WasmSpelling = {
  units: ({ B, N, M = N, H }) => B * H * Math.ceil(M / blockRows),
  work: ({ B, N, M = N, H, D, S = 1 }) => ((B * H * M * N) / S) * (2 * D + 20),
  scratch: (dims) => headScratch(dims, 1),
  code(frame, attrs) {
    const { dims, at, scratch, from, to, multiplyAdd } = frame;
    const { H, D } = dims;
    const heads = new Heads(frame, attrs, 1);
    const [scores] = heads.tables;
    const [unit, blocks, first, until, last, rows, r, row, y, place] = integers(10);
    const [greatest, total, x] = [local("v128"), local("v128"), local("v128")];

    const softmax = [
      set(row, add(scores, mul(r, heads.keys.rowBytes))),
      heads.beginRow(row, add(first, r)),
      set(greatest, f32x4.const(-1e30)),
      heads.keys.eachVector((offset) => [
        set(x, heads.score(row, offset)),
        set(x, v128.select(v128.load(add(heads.keys.hidden, offset)), f32x4.const(-1e30), x)),
        v128.store(add(row, offset), x),
        set(greatest, f32x4.pmax(greatest, x)),
      ]),
      acrossLanes(f32x4.pmax, greatest),
      set(total, f32x4.const(0)),
      heads.keys.eachVector((offset) => [
        set(x, expOfDifference(f32x4.sub(v128.load(add(row, offset)), greatest))),
        set(x, v128.andNot(x, v128.load(add(heads.keys.hidden, offset)))),
        v128.store(add(row, offset), heads.kept(x, offset)),
        set(total, f32x4.add(total, x)),
      ]),
      acrossLanes(f32x4.add, total),
      set(total, f32x4.pmax(total, f32x4.const(1e-30))), // every key masked: zeros
      set(place, heads.place(add(first, r))),
      f32.store(add(heads.totals, i32.shl(r, number(2))), f32x4.extractLane(total, 0)),
      f32.store(
        add(at.logSum, i32.shl(place, number(2))),
        f32x4.extractLane(f32x4.add(greatest, log(total)), 0),
      ),
    ];
    const d = local("i32");
    const result = add(y, add(mul(r, heads.resultBytes), i32.shl(d, number(2))));
    const normalize = [
      set(total, v128.load32Splat(add(heads.totals, i32.shl(r, number(2))))),
      loop(d, number(0), D, [
        set(row, result),
        v128.store32Lane(row, f32x4.div(v128.load32Splat(row), total), 0),
      ]),
    ];
    const ofBlock = { from: number(0), to: groups(rows), M: rows, scratch, multiplyAdd };
    const ofEvent = [
      set(until, last),
      attrs.hasEvents ? heads.keys.ofQuery(first, until) : heads.keys.ofList(heads.b),
      set(rows, sub(until, first)),
      set(y, add(at.y, i32.shl(mul(heads.place(first), D), number(2)))),
      heads.keys.findHidden(),
      product({
        a: heads.rows(heads.part(0, first), heads.tokenBytes),
        b: heads.turned(heads.part(1, heads.keys.first), heads.tokenBytes),
        ...{ ...ofBlock, y: scores, pitch: heads.keys.rowBytes, K: D, N: heads.keys.count },
      }),
      loop(r, number(0), rows, softmax),
      product({
        a: heads.rows(scores, heads.keys.rowBytes),
        b: heads.rows(heads.part(2, heads.keys.first), heads.tokenBytes),
        ...{ ...ofBlock, y, pitch: heads.resultBytes, K: heads.keys.count, N: D },
      }),
      loop(r, number(0), rows, normalize),
      set(first, until),
    ];
    return [
      heads.start(),
      set(blocks, i32.divU(add(heads.numQueries, number(blockRows - 1)), number(blockRows))),
      loop(unit, from, to, [
        set(heads.h, i32.remU(i32.divU(unit, blocks), H)),
        set(heads.b, i32.divU(i32.divU(unit, blocks), H)),
        set(first, mul(i32.remU(unit, blocks), number(blockRows))),
        set(last, least(add(first, number(blockRows)), heads.numQueries)),
        set(first, add(first, mul(heads.b, heads.numQueries))),
        set(last, add(last, mul(heads.b, heads.numQueries))),
        repeatWhile(i32.ltU(first, last), ofEvent),
      ]),
    ];
  },
};
