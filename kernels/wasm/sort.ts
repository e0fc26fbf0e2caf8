/** Passes of the sort by digits in WebAssembly: a unit is a block, whose counters stay in the first cache. */
import { type Code, type Local, set } from "../../src/engine/codegen/wasm/code.ts";
import { loop } from "../../src/engine/codegen/wasm/control.ts";
import { i32 } from "../../src/engine/codegen/wasm/instructions.ts";
import type { WasmFrame, WasmSpelling } from "../../src/engine/kernel.ts";
import { bytes, integers, least, wordAt, wordOf } from "./words.ts";

const { add, mul, sub, const: number } = i32;

const radix = 256;

export const countDigitsWasm: WasmSpelling = {
  units: ({ G }) => G,
  work: ({ E, G }) => E + radix * G,
  scratch: () => 4 * radix,
  code: (frame) => {
    const { at, scratch } = frame;
    return eachBlock(frame, ({ counterOf, ofDigits, elements }) => {
      const [e, counter] = integers(2);
      return [
        ofDigits((digit) => i32.store(wordAt(scratch, digit), number(0))),
        elements(e, [
          set(counter, counterOf(wordOf(at.keys, e))),
          i32.store(counter, add(i32.load(counter), number(1))),
        ]),
        ofDigits((digit, table) => i32.store(add(at.y, table), wordOf(scratch, digit))),
      ];
    });
  },
};

export const placeByDigitWasm: WasmSpelling = {
  units: ({ G }) => G,
  work: ({ E, G }) => 4 * E + radix * G,
  scratch: () => 4 * radix,
  code: (frame) => {
    const { at, scratch } = frame;
    return eachBlock(frame, ({ counterOf, ofDigits, elements }) => {
      const [e, key, counter, place] = integers(4);
      return [
        ofDigits((digit, table) =>
          i32.store(wordAt(scratch, digit), i32.load(add(at.starts, table))),
        ),
        elements(e, [
          set(key, wordOf(at.keys, e)),
          set(counter, counterOf(key)),
          set(place, i32.load(counter)),
          i32.store(counter, add(place, number(1))),
          i32.store(wordAt(at.y, place), wordOf(at.rows, e)),
          i32.store(wordAt(at.moved, place), key),
        ]),
      ];
    });
  },
};

interface Block {
  /** Address of the counter of a key's digit. */
  counterOf: (key: Code) => Code;
  /** For each digit, with the place of its word [digit, block] in a table, in bytes. */
  ofDigits: (body: (digit: Local, table: Local) => Code) => Code;
  /** For each element e of the block, in order. */
  elements: (e: Local, body: Code) => Code;
}

/** The blocks of a range of units, one after the other. */
function eachBlock(
  { dims: { E, G }, numbers, scratch, from, to }: WasmFrame,
  body: (block: Block) => Code,
): Code {
  const [block, length, shift, digit, table] = integers(5);
  const first = mul(block, length);
  const own: Block = {
    counterOf: (key) => wordAt(scratch, i32.and(i32.shrU(key, shift), number(radix - 1))),
    ofDigits: (each) => [
      set(table, bytes(block)),
      loop(digit, number(0), number(radix), [each(digit, table), set(table, add(table, bytes(G)))]),
    ],
    elements: (e, each) => loop(e, least(E, first), least(E, add(first, length)), each),
  };
  return [
    set(length, i32.divU(add(E, sub(G, number(1))), G)),
    set(shift, i32.truncF32U(numbers.shift)),
    loop(block, from, to, body(own)),
  ];
}
