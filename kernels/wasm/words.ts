/** Short names for what all spellings do with addresses: words of four bytes, one after the other. */
import { type Code, type Local, local } from "../../src/engine/codegen/wasm/code.ts";
import { i32 } from "../../src/engine/codegen/wasm/instructions.ts";

const locals = (type: "i32" | "v128", count: number): Local[] =>
  Array.from({ length: count }, () => local(type));
export const integers = (count: number): Local[] => locals("i32", count);
export const vectors = (count: number): Local[] => locals("v128", count);

export const bytes = (words: Code): Code => i32.shl(words, i32.const(2));
export const wordAt = (buffer: Code, index: Code): Code => i32.add(buffer, bytes(index));
export const wordOf = (buffer: Code, index: Code): Code => i32.load(wordAt(buffer, index));

/** The lesser of two unsigned numbers. */
export const least = (x: Code, y: Code): Code => i32.select(i32.ltU(x, y), x, y);
