import { type Code, type Local, local, set } from "../../src/engine/codegen/wasm/code.ts";
import { loop, repeatOnce } from "../../src/engine/codegen/wasm/control.ts";
import { f32x4, i32, v128 } from "../../src/engine/codegen/wasm/instructions.ts";
import { exp } from "../../src/engine/codegen/wasm/math.ts";
import type { WasmSpelling } from "../../src/engine/kernel.ts";
import { blockRows, Heads, headScratch, isPlain } from "./heads.ts";
import { least } from "./packing.ts";
import { product } from "./product.ts";

const { add, sub, mul, const: number } = i32;
const groups = (rows: Code): Code => i32.shrU(add(rows, number(3)), number(2));

/**
 * `attentionGradient` in WebAssembly: a unit is one head, which goes over its queries in blocks. Scores and
 * the products dy · v of a block become P and dS in place; what keys and values receive is added up
 * block after block.
 */
export const attentionGradientWasm: WasmSpelling = {
  suits: isPlain,
  units: ({ B, H }) => B * H,
  work: ({ B, N, M = N, H, D }) => B * H * M * N * (5 * D + 20),
  scratch: (dims) => headScratch(dims, 2),
  code(frame) {
    const { dims, at, scratch, from, to, multiplyAdd } = frame;
    const working = { scratch, multiplyAdd };
    const { N, H, D } = dims;
    const heads = new Heads(frame, 2);
    const [weights, slopes] = heads.tables;
    const [unit, first, rows, r, offsetOfRow, dy] = Array.from({ length: 6 }, () => local("i32"));
    const [logSum, delta, p, hidden] = Array.from({ length: 4 }, () => local("v128"));
    const results = at.dk ? [at.y, at.dk, at.dv] : [at.y, at.y, at.y];
    const of = (table: Local, offset: Code): Code => add(add(table, offsetOfRow), offset);
    const number4 = (address: Local, place: Code): Code =>
      v128.load32Splat(add(address, i32.shl(place, number(2))));

    const toSlopes = [
      set(offsetOfRow, mul(r, heads.rowBytes)),
      set(logSum, number4(at.logSum, heads.place(add(first, r)))),
      set(delta, number4(at.delta, heads.place(add(first, r)))),
      heads.eachVector((offset) => [
        set(hidden, v128.load(add(heads.hidden, offset))),
        set(p, f32x4.mul(v128.load(of(weights, offset)), heads.scale)),
        set(p, v128.andNot(exp(f32x4.sub(p, logSum)), hidden)),
        v128.store(of(weights, offset), p),
        set(p, f32x4.mul(p, f32x4.sub(v128.load(of(slopes, offset)), delta))),
        v128.store(of(slopes, offset), v128.andNot(f32x4.mul(p, heads.scale), hidden)),
      ]),
    ];
    const queries = heads.part(0, first);
    const table = { from: number(0), to: groups(rows), M: rows, K: D, N, pitch: heads.rowBytes };
    const received = {
      ...{ from: number(0), to: groups(N), M: N, K: rows, N: D },
      ...{ pitch: heads.tokenBytes, isMore: first, ...working },
    };
    const block = [
      set(rows, least(number(blockRows), sub(heads.numQueries, first))),
      set(dy, add(at.dy, i32.shl(mul(heads.place(first), D), number(2)))),
      product({
        a: heads.rows(queries, heads.tokenBytes),
        b: heads.turned(heads.part(1, number(0)), heads.tokenBytes),
        ...{ ...table, y: weights, ...working },
      }),
      product({
        a: heads.rows(dy, heads.resultBytes),
        b: heads.turned(heads.part(2, number(0)), heads.tokenBytes),
        ...{ ...table, y: slopes, ...working },
      }),
      loop(r, number(0), rows, toSlopes),
      product({
        a: heads.rows(slopes, heads.rowBytes),
        b: heads.rows(heads.part(1, number(0)), heads.tokenBytes),
        ...{ from: number(0), to: groups(rows), M: rows, K: N, N: D },
        ...{ y: heads.part(0, first, results), pitch: heads.tokenBytes, ...working },
      }),
      product({
        a: heads.turned(slopes, heads.rowBytes),
        b: heads.rows(queries, heads.tokenBytes),
        ...{ ...received, y: heads.part(1, number(0), results) },
      }),
      product({
        a: heads.turned(weights, heads.rowBytes),
        b: heads.rows(dy, heads.resultBytes),
        ...{ ...received, y: heads.part(2, number(0), results) },
      }),
      set(first, add(first, number(blockRows))),
    ];
    return [
      heads.start(),
      loop(unit, from, to, [
        set(heads.h, i32.remU(unit, H)),
        set(heads.b, i32.divU(unit, H)),
        heads.findHidden(),
        set(first, number(0)),
        repeatOnce(block, i32.ltU(first, heads.numQueries)), // also of no query: zeros
      ]),
    ];
  },
};
