import { type Code, type Local, set } from "../../src/engine/codegen/wasm/code.ts";
import { loop, loopUp, repeatWhile } from "../../src/engine/codegen/wasm/control.ts";
import { f32x4, i32 } from "../../src/engine/codegen/wasm/instructions.ts";
import type { WasmFrame, WasmSpelling } from "../../src/engine/kernel.ts";
import { structureOf } from "../perceptronLayers.ts";
import { RowBlock, rowBlockScratch, rowWork } from "./rowBlock.ts";
import { mapRow } from "./rowLoops.ts";
import { integers, least, wordOf } from "./words.ts";

const { add, sub, mul, const: number } = i32;
const places = 128; // of a unit: one for each segment, and one for each of its rows
const size = { tables: 3, rows: 64, isOrdered: true };

/**
 * `perceptronSums` in WebAssembly: a unit is a block of segments. Their rows go through the layers in
 * tables, and are added to sums in the second cache.
 */
export const perceptronSumsWasm: WasmSpelling = {
  units: ({ R, S }) => Math.ceil((R + S) / places),
  work: ({ R }, attrs) => R * rowWork(attrs),
  scratch: (_dims, attrs) => rowBlockScratch(attrs, size),
  code(frame, attrs) {
    const { layers } = structureOf(attrs);
    const { at, from, to } = frame;
    const block = new RowBlock(frame, attrs, size);
    const [unit, s, segment, end, stop, sum] = integers(6);
    const last = layers.length - 1;
    const width = number(layers[last].width);
    const sumOf = (segment: Code): Code => add(at.y, mul(segment, number(4 * layers[last].width)));
    const table = (which: number) => ({ start: block.tables[which % 2], pitch: block.pitch });
    const passes = layers.map(
      (_, which): Code => [
        block.multiply(which, table(which + 1), table(which)),
        block.eachRow(table(which), (row) =>
          which === last ? block.finishLast(row) : block.finish(which, row),
        ),
      ],
    );
    const addUp = block.eachRow(table(last), (row, r) => [
      set(sum, sumOf(wordOf(at.segmentOf, block.rowAt(r)))),
      mapRow(width, ({ load, store }) => store(sum, f32x4.add(load(sum), load(row)))),
    ]);
    return [
      block.start(),
      loop(unit, from, to, [
        firstSegment(frame, s, mul(unit, number(places))),
        firstSegment(frame, end, mul(add(unit, number(1)), number(places))),
        loop(segment, s, end, [
          set(sum, sumOf(segment)),
          mapRow(width, ({ store }) => store(sum, f32x4.const(0))),
        ]),
        set(block.first, wordOf(at.offsets, s)),
        set(stop, wordOf(at.offsets, end)),
        loopUp(block.first, stop, number(size.rows), [
          set(block.count, least(number(size.rows), sub(stop, block.first))),
          block.loadOwn(),
          passes,
          addUp,
        ]),
      ]),
    ];
  },
};

/** The first segment that begins at `place` or later, by bisection. */
function firstSegment({ at, dims }: WasmFrame, found: Local, place: Code): Code {
  const [left, half, middle] = integers(3);
  const isBefore = i32.ltU(add(wordOf(at.offsets, middle), middle), place);
  return [
    set(found, number(0)),
    set(left, dims.S),
    repeatWhile(left, [
      set(half, i32.shrU(left, number(1))),
      set(middle, add(found, half)),
      set(left, i32.select(isBefore, sub(sub(left, half), number(1)), half)),
      set(found, i32.select(isBefore, add(middle, number(1)), found)),
    ]),
  ];
}
