/** Copies of parts of matrices for products: what is multiplied together lies together. */
import { type Code, type Local, local, set } from "../../src/engine/codegen/wasm/code.ts";
import {
  loop,
  loopUp,
  repeatWhile,
  when,
  whenElse,
} from "../../src/engine/codegen/wasm/control.ts";
import { f32x4, i32, shuffle, v128 } from "../../src/engine/codegen/wasm/instructions.ts";
import { bytes, integers, least } from "./words.ts";

const { add, mul, sub, const: number } = i32;

export const tileRows = 4;
export const tileColumns = 8;
export const four = [0, 1, 2, 3];

/** A matrix in memory: addresses of element (0, 0), and bytes from one row, or column, to the next. */
export interface Matrix {
  start: Code;
  down: Code;
  right: Code;
  /** Whether neighbors in a row (`right`), or in a column (`down`), lie together. */
  dense: "right" | "down";
}

/** A matrix without gaps, in rows of so many columns, or lying as its transpose with rows of `height`. */
export const dense = (start: Code, width: Code, height: Code, isTransposed: boolean): Matrix =>
  isTransposed
    ? { start, down: number(4), right: bytes(height), dense: "down" }
    : { start, down: bytes(width), right: number(4), dense: "right" };

/** b as panels of eight columns: [⌈N/8⌉, terms, 8]. */
export function packColumns(
  { start, down, right, dense }: Matrix,
  { terms, N, panels }: { terms: Local; N: Code; panels: Local },
): Code {
  const [n, k, c, source, target, column] = integers(6);
  const isWhole = i32.leU(add(n, number(tileColumns)), N);
  const next = set(column, add(column, right));
  const apart = Array.from({ length: tileColumns }, (_, which) => [
    i32.store(target, i32.load(column), 4 * which),
    next,
  ]);
  const together = [0, 16].map((half) => v128.store(target, v128.load(source, half), half));
  const whole = dense === "right" ? together : [set(column, source), apart];
  const zeros = [0, 16].map((half) => v128.store(target, f32x4.const(0), half));
  const part = [
    zeros,
    set(column, source),
    loop(c, number(0), sub(N, n), [i32.store(add(target, bytes(c)), i32.load(column)), next]),
  ];
  return [
    set(n, number(0)),
    set(target, panels),
    loopUp(n, N, number(tileColumns), [
      set(source, add(start, mul(n, right))),
      loop(k, number(0), terms, [
        whenElse(isWhole, whole, part),
        set(source, add(source, down)),
        set(target, add(target, number(4 * tileColumns))),
      ]),
    ]),
  ];
}

/** Four rows of a, from 4·m0 on: [terms, 4]. Rows beyond the last one repeat it. */
export function packRows(
  { start, down, right, dense }: Matrix,
  { m0, terms, M, strip }: { m0: Local; terms: Local; M: Code; strip: Local },
): Code {
  const [k, target] = integers(2);
  const rows = four.map(() => local("i32"));
  const words = four.map(() => local("v128"));
  const { code: turn, turned: others } = turnFour(words);
  const first = mul(m0, number(tileRows));
  const setRows = rows.map((row, r) =>
    set(row, add(start, mul(least(add(first, number(r)), sub(M, number(1))), down))),
  );
  const next = (count: number) => [
    rows.map((row) => set(row, add(row, mul(right, number(count))))),
    set(target, add(target, number(4 * tileRows * count))),
    set(k, add(k, number(count))),
  ];
  // four terms of four rows
  const turned = [
    words.map((word, r) => set(word, v128.load(rows[r]))),
    turn,
    others.map((word, t) => v128.store(target, word, 16 * t)),
    next(4),
  ];
  const single = [rows.map((row, r) => i32.store(target, i32.load(row), 4 * r)), next(1)];
  const whole = i32.leU(add(first, number(tileRows)), M);
  const column = [v128.store(target, v128.load(rows[0])), next(1)];
  const fast =
    dense === "right" ? loopUpTo(k, 4, terms, turned) : when(whole, loopUpTo(k, 1, terms, column));
  return [setRows, set(target, strip), set(k, number(0)), fast, loopUpTo(k, 1, terms, single)];
}

/** Sets `turned` to the columns of four rows of four words. */
export function turnFour(rows: readonly Local[]): { code: Code; turned: Local[] } {
  const [pairs, turned] = [four.map(() => local("v128")), four.map(() => local("v128"))];
  const code = [
    // a0 b0 a1 b1, a2 b2 a3 b3, …
    [0, 2].map((r) => [
      set(pairs[r], shuffle(rows[r], rows[r + 1], [0, 4, 1, 5])),
      set(pairs[r + 1], shuffle(rows[r], rows[r + 1], [2, 6, 3, 7])),
    ]),
    [0, 1].map((half) => [
      set(turned[2 * half], shuffle(pairs[half], pairs[half + 2], [0, 1, 4, 5])),
      set(turned[2 * half + 1], shuffle(pairs[half], pairs[half + 2], [2, 3, 6, 7])),
    ]),
  ];
  return { code, turned };
}

/** While `count` more rounds fit below `end`; the body counts i. */
const loopUpTo = (i: Local, count: number, end: Code, body: Code): Code => {
  const fits = i32.leU(add(i, number(count)), end);
  return repeatWhile(fits, body);
};
