/**
 * Products of matrices in WebAssembly: y[m, n] = Σ_k a[m, k] · b[k, n].
 *
 * Four rows of a and eight columns of b are copied so that what is multiplied together lies together,
 * zeros filling the edges; their 4 × 8 products are summed in eight registers. b is copied once per
 * block of `depth` terms, rows of a four at a time, so any sizes run in little memory.
 */
import { type Code, type Local, local, set } from "../../src/engine/codegen/wasm/code.ts";
import {
  loop,
  loopUp,
  repeatOnce,
  repeatWhile,
  when,
  whenElse,
} from "../../src/engine/codegen/wasm/control.ts";
import { f32, f32x4, i32, shuffle, v128 } from "../../src/engine/codegen/wasm/instructions.ts";
import type { WasmFrame } from "../../src/engine/kernel.ts";

const { add, mul, sub, const: number } = i32;

const tileRows = 4;
const tileColumns = 8;
const depth = 512; // terms: 16 KiB of eight columns stay in the first cache
const spillBytes = 4 * tileRows * tileColumns;
const four = [0, 1, 2, 3];
const integers = (count: number): Local[] => Array.from({ length: count }, () => local("i32"));

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

export interface Product {
  a: Matrix;
  b: Matrix;
  /** Results; bytes from one row to the next, if there are gaps; nonzero to add to what is there. */
  y: Code;
  pitch?: Code;
  isMore?: Code;
  /** Groups of four rows to compute, and all rows. */
  from: Code;
  to: Code;
  M: Code;
  K: Code;
  N: Code;
  scratch: Code;
  multiplyAdd: WasmFrame["multiplyAdd"];
}

/** Groups of rows for which copying b is little of the work. */
export const productGrain = 32;

/** Bytes of working memory for N columns. */
export const productScratch = (N: number): number =>
  spillBytes + 4 * depth * (tileColumns * Math.ceil(N / tileColumns) + tileRows);

const bytes = (words: Code): Code => i32.shl(words, number(2));
export const least = (x: Code, y: Code): Code => i32.select(i32.ltU(x, y), x, y);

export function product({ a, b, y, from, to, M, K, N, scratch, ...rest }: Product): Code {
  const { pitch = bytes(N), isMore = number(0), multiplyAdd } = rest;
  const [k0, terms, m0, strip, panels, startA, startB] = integers(7);
  const [rowBytes, isAdded] = integers(2);
  const tile = new Tile(multiplyAdd);
  const block = [
    set(terms, least(sub(K, k0), number(depth))),
    set(startA, add(a.start, mul(k0, a.right))),
    set(startB, add(b.start, mul(k0, b.down))),
    packColumns({ ...b, start: startB }, { terms, N, panels }),
    loop(m0, from, to, [
      packRows({ ...a, start: startA }, { m0, terms, M, strip }),
      tilesOf({ tile, m0, isAdded, terms, M, N, strip, panels, y, rowBytes, spill: scratch }),
    ]),
    set(isAdded, number(1)),
    set(k0, add(k0, number(depth))),
  ];
  return [
    set(strip, add(scratch, number(spillBytes))),
    set(panels, add(strip, number(4 * depth * tileRows))),
    set(k0, number(0)),
    set(rowBytes, pitch),
    set(isAdded, isMore),
    repeatOnce(block, i32.ltU(k0, K)), // also without terms: results are 0 then
  ];
}

/** b as panels of eight columns: [⌈N/8⌉, terms, 8]. */
function packColumns(
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
function packRows(
  { start, down, right, dense }: Matrix,
  { m0, terms, M, strip }: { m0: Local; terms: Local; M: Code; strip: Local },
): Code {
  const [k, target] = integers(2);
  const rows = four.map(() => local("i32"));
  const words = four.map(() => local("v128"));
  const [pairs, others] = [four.map(() => local("v128")), four.map(() => local("v128"))];
  const first = mul(m0, number(tileRows));
  const setRows = rows.map((row, r) =>
    set(row, add(start, mul(least(add(first, number(r)), sub(M, number(1))), down))),
  );
  const next = (count: number) => [
    rows.map((row) => set(row, add(row, mul(right, number(count))))),
    set(target, add(target, number(4 * tileRows * count))),
    set(k, add(k, number(count))),
  ];
  // four terms of four rows, turned: words of pairs are a0 b0 a1 b1, a2 b2 a3 b3, …
  const turned = [
    words.map((word, r) => set(word, v128.load(rows[r]))),
    [0, 2].map((r) => [
      set(pairs[r], shuffle(words[r], words[r + 1], [0, 4, 1, 5])),
      set(pairs[r + 1], shuffle(words[r], words[r + 1], [2, 6, 3, 7])),
    ]),
    [0, 1].map((half) => [
      set(others[2 * half], shuffle(pairs[half], pairs[half + 2], [0, 1, 4, 5])),
      set(others[2 * half + 1], shuffle(pairs[half], pairs[half + 2], [2, 3, 6, 7])),
    ]),
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

/** While `count` more rounds fit below `end`; the body counts i. */
const loopUpTo = (i: Local, count: number, end: Code, body: Code): Code => {
  const fits = i32.leU(add(i, number(count)), end);
  return repeatWhile(fits, body);
};

/** Eight sums of four: rows by halves of eight columns. */
class Tile {
  readonly sums = four.map(() => [local("v128"), local("v128")]);
  private readonly left = local("v128");
  private readonly right = local("v128");
  private readonly each = local("v128");
  private readonly multiplyAdd: Product["multiplyAdd"];

  constructor(multiplyAdd: Product["multiplyAdd"]) {
    this.multiplyAdd = multiplyAdd;
  }

  /** The products of a strip and a panel; both addresses move to their ends. */
  multiply(strip: Local, panel: Local, end: Code): Code {
    const zero = this.sums.flat().map((sum) => set(sum, f32x4.const(0)));
    const term = (offset: number): Code => [
      set(this.left, v128.load(panel, 32 * offset)),
      set(this.right, v128.load(panel, 32 * offset + 16)),
      this.sums.map(([left, right], r) => [
        set(this.each, v128.load32Splat(strip, 16 * offset + 4 * r)),
        set(left, this.multiplyAdd(this.each, this.left, left)),
        set(right, this.multiplyAdd(this.each, this.right, right)),
      ]),
    ];
    const rounds = (count: number): Code => {
      const fits = i32.leU(add(strip, number(16 * count)), end);
      const round = [
        Array.from({ length: count }, (_, offset) => term(offset)),
        set(strip, add(strip, number(16 * count))),
        set(panel, add(panel, number(32 * count))),
      ];
      return repeatWhile(fits, round);
    };
    return [zero, rounds(4), rounds(1)];
  }
}

/** All products of one strip, added to what earlier blocks of terms left. */
function tilesOf(given: {
  tile: Tile;
  m0: Local;
  isAdded: Local;
  terms: Local;
  M: Code;
  N: Code;
  strip: Local;
  panels: Local;
  y: Code;
  rowBytes: Local;
  spill: Code;
}): Code {
  const { tile, m0, isAdded, terms, M, N, strip, panels, y, rowBytes, spill } = given;
  const [n, at, panel, target, end] = integers(5);
  const rowAt = local("i32");
  const row = mul(m0, number(tileRows));
  const isWhole = i32.and(
    i32.leU(add(row, number(tileRows)), M),
    i32.leU(add(n, number(tileColumns)), N),
  );
  const halves = (write: (sum: Local, offset: number) => Code): Code => [
    set(rowAt, target),
    tile.sums.map((sums) => [
      sums.map((sum, half) => write(sum, 16 * half)),
      set(rowAt, add(rowAt, rowBytes)),
    ]),
  ];
  const stored = halves((sum, offset) => v128.store(rowAt, sum, offset));
  const added = halves((sum, offset) =>
    v128.store(rowAt, f32x4.add(v128.load(rowAt, offset), sum), offset),
  );
  return [
    set(end, add(strip, mul(terms, number(16)))),
    set(panel, panels),
    set(n, number(0)),
    loopUp(n, N, number(tileColumns), [
      set(at, strip),
      tile.multiply(at, panel, end),
      set(target, add(y, add(mul(row, rowBytes), bytes(n)))),
      whenElse(
        isWhole,
        whenElse(isAdded, added, stored),
        edge({ tile, isAdded, row, n, M, N, target, rowBytes, spill }),
      ),
    ]),
  ];
}

/** The part of a tile that exists, number by number. */
function edge(given: {
  tile: Tile;
  isAdded: Local;
  row: Code;
  n: Local;
  M: Code;
  N: Code;
  target: Local;
  rowBytes: Local;
  spill: Code;
}): Code {
  const { tile, isAdded, row, n, M, N, target, rowBytes, spill } = given;
  const [r, c, to] = integers(3);
  const one = f32.load(add(spill, add(mul(r, number(32)), bytes(c))));
  return [
    tile.sums.map((sums, which) =>
      sums.map((sum, half) => v128.store(spill, sum, 32 * which + 16 * half)),
    ),
    loop(r, number(0), least(number(tileRows), sub(M, row)), [
      loop(c, number(0), least(number(tileColumns), sub(N, n)), [
        set(to, add(add(target, mul(r, rowBytes)), bytes(c))),
        whenElse(isAdded, f32.store(to, f32.add(f32.load(to), one)), f32.store(to, one)),
      ]),
    ]),
  ];
}
