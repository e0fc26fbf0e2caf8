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
  whenElse,
} from "../../src/engine/codegen/wasm/control.ts";
import { f32, f32x4, i32, v128 } from "../../src/engine/codegen/wasm/instructions.ts";
import type { WasmFrame } from "../../src/engine/kernel.ts";
import { type Matrix, packColumns, packRows, tileColumns, tileRows } from "./packing.ts";
import { bytes, integers, least } from "./words.ts";

const { add, mul, sub, const: number } = i32;

const depth = 512; // terms: 16 KiB of eight columns stay in the first cache
const spillBytes = 4 * tileRows * tileColumns;

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
  spillBytes + 4 * depth * tileRows + panelBytes(depth, N);

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

/** Bytes of so many terms of N columns as panels. */
export const panelBytes = (terms: number, N: number): number =>
  4 * terms * tileColumns * Math.ceil(N / tileColumns);

/** The same with b in panels already (`packColumns`), of at most `depth` terms; needs `productScratch(0)`. */
export function productOfPanels(given: Omit<Product, "b"> & { panels: Local }): Code {
  const { a, panels, y, from, to, M, K, N, scratch, multiplyAdd } = given;
  const { pitch = bytes(N), isMore = number(0) } = given;
  const [m0, terms, strip, rowBytes, isAdded] = integers(5);
  const tile = new Tile(multiplyAdd);
  return [
    set(strip, add(scratch, number(spillBytes))),
    set(terms, K),
    set(rowBytes, pitch),
    set(isAdded, isMore),
    loop(m0, from, to, [
      packRows(a, { m0, terms, M, strip }),
      tilesOf({ tile, m0, isAdded, terms, M, N, strip, panels, y, rowBytes, spill: scratch }),
    ]),
  ];
}

/** Eight sums of four: rows by halves of eight columns. */
class Tile {
  readonly sums = Array.from({ length: tileRows }, () => [local("v128"), local("v128")]);
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
