/** Philox 4×32-10 on four elements, or blocks, at once; see codegen/wgsl/math.ts. */
import { philoxConstants } from "../../philox.ts";
import { type Code, shared } from "./code.ts";
import { i32x4, i64x2, shuffle, v128 } from "./instructions.ts";

/** High words of the 64-bit products of unsigned words. */
function highProduct(x: Code, y: Code): Code {
  return shuffle(i64x2.extmulLowU(x, y), i64x2.extmulHighU(x, y), [1, 3, 5, 7]);
}

/** The four words of the blocks with counters (block, 0, counter0, counter1). */
export function philoxBlocks([key0, key1, counter0, counter1, block]: readonly Code[]): Code[] {
  const { multipliers, steps } = philoxConstants;
  let x = [block, i32x4.const(0), counter0, counter1].map((word) => shared(word));
  let key = [key0, key1];
  for (let round = 0; round < 10; round++) {
    const factors = multipliers.map((m) => shared(i32x4.const(m)));
    const [low0, low1] = [i32x4.mul(factors[0], x[0]), i32x4.mul(factors[1], x[2])];
    const [high0, high1] = [highProduct(factors[0], x[0]), highProduct(factors[1], x[2])];
    x = [
      v128.xor(v128.xor(high1, x[1]), key[0]),
      low1,
      v128.xor(v128.xor(high0, x[3]), key[1]),
      low0,
    ].map((word) => shared(word));
    key = key.map((word, which) => shared(i32x4.add(word, i32x4.const(steps[which]))));
  }
  return x;
}

/** Word `element` mod 4 of the block with counter (element / 4, 0, counter0, counter1). */
export function philox([key0, key1, counter0, counter1, element]: readonly Code[]): Code {
  const number = shared(element);
  const block = i32x4.shrU(number, [0x41, 2]);
  const x = philoxBlocks([key0, key1, counter0, counter1, block]);
  const isWord = (which: number): Code =>
    i32x4.eq(v128.and(number, i32x4.const(3)), i32x4.const(which));
  const firstTwo = v128.select(isWord(0), x[0], x[1]);
  const lastTwo = v128.select(isWord(2), x[2], x[3]);
  return v128.select(
    i32x4.ltU(v128.and(number, i32x4.const(3)), i32x4.const(2)),
    firstTwo,
    lastTwo,
  );
}
