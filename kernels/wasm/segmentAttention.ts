import { type Code, set } from "../../src/engine/codegen/wasm/code.ts";
import { loop, whenElse } from "../../src/engine/codegen/wasm/control.ts";
import { f32, f32x4, i32, v128 } from "../../src/engine/codegen/wasm/instructions.ts";
import { expOfDifference, log } from "../../src/engine/codegen/wasm/math.ts";
import type { WasmSpelling } from "../../src/engine/kernel.ts";
import { mapRow, reduceRow } from "./rowLoops.ts";
import { bytes, integers, vectors, wordAt, wordOf } from "./words.ts";

const { add, mul, const: number } = i32;
/** A number of a buffer in all lanes. */
const numberOf = (buffer: Code, index: Code): Code => v128.load32Splat(wordAt(buffer, index));
const first = (x: Code): Code => f32x4.extractLane(x, 0);

const lowest = -3.4028234663852886e38; // least finite f32

/** `segmentAttention` in WebAssembly: a unit is a segment, whose result stays in the first cache. */
export const segmentAttentionWasm: WasmSpelling = {
  units: ({ S }) => S,
  work: ({ E, S, H, D }) => (E + S) * H * (D + 30),
  scratch: () => 0,
  code({ dims: { H, D }, at, from, to }) {
    const [s, h, i, end, row, place, y, x] = integers(8);
    const [greatest, total, weight] = vectors(3);
    /** For the rows of the segment, with the place of their score. */
    const eachRow = (body: Code): Code =>
      loop(i, wordOf(at.offsets, s), end, [set(row, add(mul(wordOf(at.order, i), H), h)), body]);
    const ofHead = [
      set(place, add(mul(s, H), h)),
      set(y, add(at.y, bytes(mul(place, D)))),
      set(greatest, f32x4.const(lowest)),
      eachRow(set(greatest, f32x4.max(greatest, numberOf(at.scores, row)))),
      set(total, f32x4.const(0)),
      mapRow(D, ({ store }) => store(y, f32x4.const(0))),
      eachRow([
        set(weight, expOfDifference(f32x4.sub(numberOf(at.scores, row), greatest))),
        set(total, f32x4.add(total, weight)),
        set(x, add(at.values, bytes(mul(row, D)))),
        mapRow(D, ({ load, store }) => store(y, f32x4.add(load(y), f32x4.mul(weight, load(x))))),
      ]),
      set(total, f32x4.max(total, f32x4.const(1e-30))), // a segment without rows: zeros
      mapRow(D, ({ load, store }) => store(y, f32x4.div(load(y), total))),
      f32.store(add(at.logSum, bytes(place)), first(f32x4.add(greatest, log(total)))),
    ];
    return loop(s, from, to, [
      set(end, wordOf(at.offsets, add(s, number(1)))),
      loop(h, number(0), H, ofHead),
    ]);
  },
};

/** `segmentAttentionGradient` in WebAssembly: a unit is a row with all its heads. */
export const segmentAttentionGradientWasm: WasmSpelling = {
  units: ({ E }) => E,
  work: ({ E, H, D }) => E * H * (2 * D + 30),
  scratch: () => 0,
  code({ dims: { S, H, D }, at, from, to }) {
    const [e, h, own, place, source, x, dy, dx, slopeAt] = integers(9);
    const [weight, slope] = vectors(2);
    const received = [
      set(source, add(mul(own, H), h)), // segment and head
      set(dy, add(at.dy, bytes(mul(source, D)))),
      set(
        weight,
        expOfDifference(f32x4.sub(numberOf(at.scores, place), numberOf(at.logSum, source))),
      ),
      reduceRow(D, slope, f32x4.add, f32x4.const(0), ({ load }) => f32x4.mul(load(dy), load(x))),
      set(slope, f32x4.sub(slope, numberOf(at.delta, source))),
      mapRow(D, ({ load, store }) => store(dx, f32x4.mul(weight, load(dy)))),
      f32.store(slopeAt, first(f32x4.mul(weight, slope))),
    ];
    const nothing = [
      mapRow(D, ({ store }) => store(dx, f32x4.const(0))),
      f32.store(slopeAt, f32.const(0)),
    ];
    return loop(e, from, to, [
      set(own, wordOf(at.segmentOf, e)),
      loop(h, number(0), H, [
        set(place, add(mul(e, H), h)),
        set(x, add(at.values, bytes(mul(place, D)))),
        set(dx, add(at.y, bytes(mul(place, D)))),
        set(slopeAt, add(at.dScores, bytes(place))),
        whenElse(i32.ltU(own, S), received, nothing),
      ]),
    ]);
  },
};
