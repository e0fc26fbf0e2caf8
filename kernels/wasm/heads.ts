/** What attention forward and backward share in WebAssembly: heads as matrices, scores, working memory. */
import { type Code, type Local, local, set } from "../../src/engine/codegen/wasm/code.ts";
import { f32x4, i32, v128 } from "../../src/engine/codegen/wasm/instructions.ts";
import type { Attrs } from "../../src/engine/expr.ts";
import type { Dims, WasmFrame } from "../../src/engine/kernel.ts";
import { Dropout, dropoutBytes } from "./dropout.ts";
import type { Matrix } from "./packing.ts";
import { productScratch } from "./product.ts";
import { mapRow } from "./rowLoops.ts";
import { SeenKeys } from "./seenKeys.ts";
import { bytes } from "./words.ts";

const { add, sub, mul, const: number } = i32;

/** Queries whose scores are in memory at a time. */
export const blockRows = 64;

const paddedTo4 = (count: number): number => 4 * Math.ceil(count / 4);

/** Working memory for `tables` blocks of scores. */
export const headScratch = ({ N, D }: Dims, tables: number): number =>
  productScratch(Math.max(N, D)) +
  4 * (paddedTo4(N) * (tables * blockRows + 1) + blockRows) +
  dropoutBytes(N);

/** Rows are tokens of all events, one event after the other; `keys` are those that queries see. */
export class Heads {
  readonly b = local("i32");
  readonly h = local("i32");
  readonly keys: SeenKeys;
  readonly scale = local("v128");
  readonly totals = local("i32");
  readonly tables: readonly Local[];
  private readonly frame: WasmFrame;
  private readonly isPacked: boolean;
  private readonly dropout: Dropout | null;
  private readonly factors = local("i32");
  private readonly biasRow = local("i32");

  constructor(frame: WasmFrame, { hasDropout }: Attrs, numTables: number) {
    this.frame = frame;
    this.keys = new SeenKeys(frame);
    this.isPacked = "qkv" in frame.at;
    this.dropout = hasDropout ? new Dropout(frame.numbers) : null;
    this.tables = Array.from({ length: numTables }, () => local("i32"));
  }

  get numQueries(): Local {
    return this.isPacked ? this.frame.dims.N : this.frame.dims.M;
  }

  /** Finds places in the working memory, behind that of products. */
  start(): Code {
    const { dims, numbers, scratch } = this.frame;
    const { N, D } = dims;
    const wider = i32.select(i32.ltU(N, D), D, N);
    const panels = mul(
      i32.shrU(add(wider, number(7)), number(3)),
      number(productScratch(8) - productScratch(0)),
    );
    const next = (after: Code): Code => add(after, mul(this.keys.rowBytes, number(blockRows)));
    return [
      set(this.scale, f32x4.splat(numbers.scale)),
      this.keys.ofList(number(0)), // of all rows that may come, the longest
      set(this.keys.hidden, add(scratch, add(panels, number(productScratch(0))))),
      set(this.tables[0], add(this.keys.hidden, this.keys.rowBytes)),
      this.tables.slice(1).map((table, which) => set(table, next(this.tables[which]))),
      set(this.totals, next(this.tables[this.tables.length - 1])),
      set(this.factors, add(this.totals, number(4 * blockRows))),
      this.dropout?.start() ?? [],
    ];
  }

  /** Bytes from one token to the next, in the inputs; in what has one row per query. */
  get tokenBytes(): Code {
    const { H, D } = this.frame.dims;
    return bytes(mul(mul(H, D), number(this.isPacked ? 3 : 1)));
  }
  get resultBytes(): Code {
    return bytes(mul(this.frame.dims.H, this.frame.dims.D));
  }

  /** Address of query, key or value number `row` of this head. */
  part(which: 0 | 1 | 2, row: Code, of: readonly Local[] = this.inputs): Code {
    const { H, D } = this.frame.dims;
    const token = this.isPacked ? add(mul(row, number(3)), number(which)) : row;
    return add(of[which], bytes(mul(add(mul(token, H), this.h), D)));
  }

  get inputs(): readonly Local[] {
    const { qkv, q, k, v } = this.frame.at;
    return this.isPacked ? [qkv, qkv, qkv] : [q, k, v];
  }

  /** Number of a query among all rows and heads. */
  place(query: Code): Code {
    return add(mul(query, this.frame.dims.H), this.h);
  }

  /** The rows of a part from `start` on, and their transpose. */
  rows(start: Code, down: Code): Matrix {
    return { start, down, right: number(4), dense: "right" };
  }
  turned(start: Code, down: Code): Matrix {
    return { start, down: number(4), right: down, dense: "down" };
  }

  /** For the products of a query and the keys, at `row`: adds the bias, draws which pairs are kept. */
  beginRow(row: Local, query: Code): Code {
    const { dims, at } = this.frame;
    const { H, X, Y } = dims;
    const addBias = at.bias && [
      set(this.biasRow, this.pair(query, i32.remU(this.b, X), Y, i32.remU(this.h, Y))),
      set(this.biasRow, add(at.bias, bytes(this.biasRow))),
      mapRow(this.keys.count, ({ load, store }) =>
        store(row, f32x4.add(f32x4.mul(load(row), this.scale), load(this.biasRow))),
      ),
    ];
    const draw = this.dropout?.draw(
      this.factors,
      this.pair(query, this.b, H, this.h),
      this.keys.rowBytes,
    );
    return [addBias ?? [], draw ?? []];
  }

  /** The scores at an offset in the row that began last. */
  score(row: Local, offset: Code): Code {
    const product = v128.load(add(row, offset));
    return this.frame.at.bias ? product : f32x4.mul(product, this.scale);
  }

  /** Dropout of the weights at an offset in the row that began last. */
  kept(x: Code, offset: Code): Code {
    return this.dropout ? f32x4.mul(x, this.dropout.factor(offset)) : x;
  }

  /** Position of the pair of a query and the first key among [events, heads, M, N]. */
  private pair(query: Code, b: Code, heads: Code, h: Code): Code {
    const { N } = this.frame.dims;
    const [row, key] = [
      sub(query, mul(this.b, this.numQueries)),
      sub(this.keys.first, mul(this.b, N)),
    ];
    return add(mul(add(mul(add(mul(b, heads), h), this.numQueries), row), N), key);
  }
}
