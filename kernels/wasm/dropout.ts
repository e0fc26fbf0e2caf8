/**
 * Dropout of attention in WebAssembly: what the pairs of a query count, drawn for a row of them at a
 * time. Four blocks of Philox are four words of sixteen pairs, wherever in a block the row begins.
 */
import { type Code, type Local, local, set } from "../../src/engine/codegen/wasm/code.ts";
import { loopUp } from "../../src/engine/codegen/wasm/control.ts";
import { f32x4, i32, i32x4, v128 } from "../../src/engine/codegen/wasm/instructions.ts";
import { philoxBlocks } from "../../src/engine/codegen/wasm/philox.ts";
import type { WasmFrame } from "../../src/engine/kernel.ts";
import { four, turnFour } from "./packing.ts";
import { bytes } from "./words.ts";

const { add, const: number } = i32;
const drawnBytes = 64; // sixteen factors

/** Working memory for the factors of so many keys. */
export const dropoutBytes = (keys: number): number => 4 * keys + 2 * drawnBytes;

export class Dropout {
  private readonly numbers: WasmFrame["numbers"];
  private readonly keys = [local("v128"), local("v128")];
  private readonly counter = local("v128");
  private readonly dropped = local("v128");
  private readonly makeUp = local("v128");
  private readonly row = local("i32");

  constructor(numbers: WasmFrame["numbers"]) {
    this.numbers = numbers;
  }

  start(): Code {
    const { dropped, draw, key0Low, key0High, key1Low, key1High } = this.numbers;
    const whole = (x: Local): Code => i32x4.truncF32U(f32x4.splat(x));
    const word = (low: Local, high: Local): Code =>
      v128.or(whole(low), i32x4.shl(whole(high), number(16)));
    const one = f32x4.const(1);
    return [
      set(this.keys[0], word(key0Low, key0High)),
      set(this.keys[1], word(key1Low, key1High)),
      set(this.counter, whole(draw)),
      set(this.dropped, f32x4.splat(dropped)),
      set(this.makeUp, f32x4.div(one, f32x4.sub(one, this.dropped))),
    ];
  }

  /** Draws the factors of `rowBytes` / 4 pairs from number `pair` on, into `table`. */
  draw(table: Local, pair: Code, rowBytes: Code): Code {
    const [first, target] = [local("i32"), local("i32")];
    const block = local("v128");
    const words = four.map(() => local("v128"));
    const { code, turned } = turnFour(words);
    const number24 = (word: Code): Code =>
      f32x4.mul(f32x4.fromU32(i32x4.shrU(word, number(8))), f32x4.const(2 ** -24));
    const drawn = philoxBlocks([...this.keys, this.counter, i32x4.const(0), block]);
    return [
      set(first, pair),
      set(target, table),
      set(block, i32x4.add(i32x4.splat(i32.shrU(first, number(2))), v128.const([0, 1, 2, 3]))),
      set(this.row, add(table, bytes(i32.and(first, number(3))))),
      loopUp(target, add(this.row, rowBytes), number(drawnBytes), [
        set(block, v128.and(block, i32x4.const(2 ** 30 - 1))), // pairs are counted in 32 bits
        words.map((word, which) => set(word, drawn[which])),
        code,
        turned.map((word, which) =>
          v128.store(
            target,
            v128.and(this.makeUp, f32x4.ge(number24(word), this.dropped)),
            16 * which,
          ),
        ),
        set(block, i32x4.add(block, i32x4.const(4))),
      ]),
    ];
  }

  /** The factors of four pairs: 0 for dropped ones, else what makes up for those. */
  factor(offset: Code): Code {
    return v128.load(add(this.row, offset));
  }
}
