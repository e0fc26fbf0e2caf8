import { type Code, type Local, local, set } from "../../src/engine/codegen/wasm/code.ts";
import { loop, repeatOnce } from "../../src/engine/codegen/wasm/control.ts";
import { f32x4, i32, v128 } from "../../src/engine/codegen/wasm/instructions.ts";
import { expOfDifference } from "../../src/engine/codegen/wasm/math.ts";
import type { WasmSpelling } from "../../src/engine/kernel.ts";
import { blockRows, Heads, headScratch } from "./heads.ts";
import { product } from "./product.ts";
import { integers, least } from "./words.ts";

const { add, sub, mul, const: number } = i32;
const groups = (rows: Code): Code => i32.shrU(add(rows, number(3)), number(2));

/**
 * `attentionGradient` in WebAssembly: a unit is one head of one event, which goes over its queries in blocks. Scores and
 * the products dy · v of a block become P and dS in place; what keys and values receive is added up
 * block after block.
 */
export const attentionGradientWasm: WasmSpelling = {
  units: ({ B, H, S = B }) => S * H,
  work: ({ B, N, M = N, H, D, S = 1 }) => ((B * H * M * N) / S) * (5 * D + 20),
  scratch: (dims) => headScratch(dims, 2),
  code(frame, attrs) {
    const { dims, at, scratch, from, to, multiplyAdd } = frame;
    const working = { scratch, multiplyAdd };
    const { H, D } = dims;
    const heads = new Heads(frame, attrs, 2);
    const [weights, slopes] = heads.tables;
    const [unit, firstQuery, first, end, rows, r, offsetOfRow, row, dy] = integers(9);
    const [logSum, delta, p, hidden] = Array.from({ length: 4 }, () => local("v128"));
    const results = at.dk ? [at.y, at.dk, at.dv] : [at.y, at.y, at.y];
    const of = (table: Local, offset: Code): Code => add(add(table, offsetOfRow), offset);
    const number4 = (address: Local, place: Code): Code =>
      v128.load32Splat(add(address, i32.shl(place, number(2))));

    const toSlopes = [
      set(offsetOfRow, mul(r, heads.keys.rowBytes)),
      set(row, add(weights, offsetOfRow)),
      heads.beginRow(row, add(first, r)),
      set(logSum, number4(at.logSum, heads.place(add(first, r)))),
      set(delta, number4(at.delta, heads.place(add(first, r)))),
      heads.keys.eachVector((offset) => [
        set(hidden, v128.load(add(heads.keys.hidden, offset))),
        set(p, expOfDifference(f32x4.sub(heads.score(row, offset), logSum))),
        set(p, v128.andNot(p, hidden)),
        v128.store(add(row, offset), heads.kept(p, offset)),
        set(p, f32x4.mul(p, f32x4.sub(heads.kept(v128.load(of(slopes, offset)), offset), delta))),
        v128.store(of(slopes, offset), v128.andNot(f32x4.mul(p, heads.scale), hidden)),
      ]),
    ];
    const queries = heads.part(0, first);
    const ofTable = { pitch: heads.keys.rowBytes, ...working };
    const table = {
      ...ofTable,
      from: number(0),
      to: groups(rows),
      M: rows,
      K: D,
      N: heads.keys.count,
    };
    const received = {
      ...{ from: number(0), to: groups(heads.keys.count), M: heads.keys.count, K: rows, N: D },
      ...{ pitch: heads.tokenBytes, isMore: sub(first, firstQuery), ...working },
    };
    const block = [
      set(rows, least(number(blockRows), sub(end, first))),
      set(dy, add(at.dy, i32.shl(mul(heads.place(first), D), number(2)))),
      product({
        a: heads.rows(queries, heads.tokenBytes),
        b: heads.turned(heads.part(1, heads.keys.first), heads.tokenBytes),
        ...{ ...table, y: weights },
      }),
      product({
        a: heads.rows(dy, heads.resultBytes),
        b: heads.turned(heads.part(2, heads.keys.first), heads.tokenBytes),
        ...{ ...table, y: slopes },
      }),
      loop(r, number(0), rows, toSlopes),
      product({
        a: heads.rows(slopes, heads.keys.rowBytes),
        b: heads.rows(heads.part(1, heads.keys.first), heads.tokenBytes),
        ...{ from: number(0), to: groups(rows), M: rows, K: heads.keys.count, N: D },
        ...{ y: heads.part(0, first, results), pitch: heads.tokenBytes, ...working },
      }),
      product({
        a: heads.turned(slopes, heads.keys.rowBytes),
        b: heads.rows(queries, heads.tokenBytes),
        ...{ ...received, y: heads.part(1, heads.keys.first, results) },
      }),
      product({
        a: heads.turned(weights, heads.keys.rowBytes),
        b: heads.rows(dy, heads.resultBytes),
        ...{ ...received, y: heads.part(2, heads.keys.first, results) },
      }),
      set(first, add(first, number(blockRows))),
    ];
    const ofEvents = [
      set(heads.b, number(0)),
      heads.keys.ofEvent(i32.divU(unit, H)),
      set(firstQuery, heads.keys.first),
      set(end, add(firstQuery, heads.keys.count)),
    ];
    const ofList = [
      set(heads.b, i32.divU(unit, H)),
      heads.keys.ofList(heads.b),
      set(firstQuery, mul(heads.b, heads.numQueries)),
      set(end, add(firstQuery, heads.numQueries)),
    ];
    return [
      heads.start(),
      loop(unit, from, to, [
        set(heads.h, i32.remU(unit, H)),
        attrs.hasEvents ? ofEvents : ofList,
        heads.keys.findHidden(),
        set(first, firstQuery),
        repeatOnce(block, i32.ltU(first, end)), // also of no query: zeros
      ]),
    ];
  },
};
