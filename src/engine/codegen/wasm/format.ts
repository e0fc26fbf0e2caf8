/** How values of a dtype lie in memory, and become what is computed with: truth is all bits, f16 is f32. */
import type { DType } from "../../dtype.ts";
import { type Code, type Local, shared } from "./code.ts";
import { float16Patterns, float16Values } from "./float16.ts";
import { i16x8, i32, i32x4, v128 } from "./instructions.ts";

export interface Format {
  /** Logarithm of the bytes of an element. */
  shift: number;
  /** One element in all lanes; in one lane of x; vector number `which` of those from an address on. */
  splat: (address: Code) => Code;
  one: (address: Code, x: Code, lane: number) => Code;
  adjacent: (address: Code, which: number) => Code;
  storeOne: (address: Code, x: Local, lane: number) => Code;
  storeAdjacent: (address: Code, x: Code, which: number) => Code;
  /** From what lies there to what is computed with, and back. */
  decode: (x: Code) => Code;
  encode: (x: Code) => Code;
}

const words: Format = {
  shift: 2,
  splat: (address) => v128.load32Splat(address),
  one: (address, x, lane) => v128.load32Lane(address, x, lane), // wants the address first
  adjacent: (address, which) => v128.load(address, 16 * which),
  storeOne: (address, x, lane) => v128.store32Lane(address, x, lane),
  storeAdjacent: (address, x, which) => v128.store(address, x, 16 * which),
  decode: (x) => x,
  encode: (x) => x,
};

const truth: Format = {
  ...words,
  decode: (x) => i32x4.ne(x, i32x4.const(0)),
  encode: (x) => v128.and(x, i32x4.const(1)),
};

const halves: Format = {
  shift: 1,
  splat: (address) => i32x4.splat(i32.load16U(address)),
  one: (address, x, lane) => i32x4.replaceLane(x, lane, i32.load16U(address)),
  adjacent: (address, which) => v128.load16x4U(address, 8 * which),
  storeOne: (address, x, lane) => i32.store16(address, i32x4.extractLane(x, lane)),
  storeAdjacent(address, x, which) {
    const patterns = shared(x);
    return v128.store64Lane(address, i16x8.narrowI32U(patterns, patterns), 0, 8 * which);
  },
  decode: float16Values,
  encode: float16Patterns,
};

export function formatOf(dtype: DType): Format {
  if (dtype === "bool") return truth;
  return dtype === "f16" ? halves : words;
}
