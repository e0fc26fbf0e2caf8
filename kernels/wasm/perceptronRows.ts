import { type Code, type Local, set } from "../../src/engine/codegen/wasm/code.ts";
import { loop } from "../../src/engine/codegen/wasm/control.ts";
import { i32 } from "../../src/engine/codegen/wasm/instructions.ts";
import type { WasmSpelling } from "../../src/engine/kernel.ts";
import { structureOf } from "../perceptronLayers.ts";
import { RowBlock, rowBlockScratch, rowWork } from "./rowBlock.ts";
import { integers, least } from "./words.ts";

const { add, sub, mul, const: number } = i32;
const blockRows = 64; // of which two copies, 256 wide, stay in the second cache

/** `perceptronRows` in WebAssembly: a unit is a block of rows, whose results lie in two tables by turns. */
export const perceptronRowsWasm: WasmSpelling = {
  units: ({ R }) => Math.ceil(R / blockRows),
  work: ({ R }, attrs) => R * rowWork(attrs),
  scratch: (_dims, attrs) => rowBlockScratch(attrs, { tables: 2, rows: blockRows }),
  code(frame, attrs) {
    const { layers } = structureOf(attrs);
    const { dims, at, from, to } = frame;
    const block = new RowBlock(frame, attrs, { tables: 2, rows: blockRows });
    const [unit, y] = integers(2);
    const last = layers.length - 1;
    const resultBytes = number(4 * layers[last].width);
    const passes = layers.map((_, which): Code => {
      const before: Local = block.tables[(which + 1) % 2];
      const target = which === last ? y : block.tables[which % 2];
      const into = {
        start: target,
        pitch: which === last ? resultBytes : block.pitch,
      };
      const input = { start: before, pitch: block.pitch };
      return [
        block.multiply(which, input, into),
        block.eachRow(into, (row) =>
          which === last ? block.finishLast(row) : block.finish(which, row),
        ),
      ];
    });
    return [
      block.start(),
      loop(unit, from, to, [
        set(block.first, mul(unit, number(blockRows))),
        set(block.count, least(number(blockRows), sub(dims.R, block.first))),
        set(y, add(at.y, mul(block.first, resultBytes))),
        passes,
      ]),
    ];
  },
};
