/** What attention forward and backward share in WebAssembly: heads as matrices, blocks of scores, masks. */
import { type Code, type Local, local, set } from "../../src/engine/codegen/wasm/code.ts";
import { loop, loopUp } from "../../src/engine/codegen/wasm/control.ts";
import { f32, f32x4, i32, i32x4, v128 } from "../../src/engine/codegen/wasm/instructions.ts";
import type { Attrs } from "../../src/engine/expr.ts";
import type { Dims, WasmFrame } from "../../src/engine/kernel.ts";
import type { Matrix } from "./packing.ts";
import { productScratch } from "./product.ts";

const { add, mul, const: number } = i32;
const bytes = (words: Code): Code => i32.shl(words, number(2));

/** Queries whose scores are in memory at a time. */
export const blockRows = 64;

const paddedTo4 = (count: number): number => 4 * Math.ceil(count / 4);

/** Working memory for `tables` blocks of scores. */
export const headScratch = ({ N, D }: Dims, tables: number): number =>
  productScratch(Math.max(N, D)) + 4 * (paddedTo4(N) * (tables * blockRows + 1) + blockRows);

/** Bias, dropout and events in one sequence are left to the reference. */
export const isPlain = ({ hasBias, hasDropout, hasEvents }: Attrs): boolean =>
  !hasBias && !hasDropout && !hasEvents;

export class Heads {
  readonly b = local("i32");
  readonly h = local("i32");
  readonly scale = local("v128");
  /** Bytes of one row of scores. */
  readonly rowBytes = local("i32");
  readonly hidden = local("i32");
  readonly totals = local("i32");
  readonly tables: readonly Local[];
  private readonly frame: WasmFrame;
  private readonly isPacked: boolean;
  private readonly size = local("i32");

  constructor(frame: WasmFrame, numTables: number) {
    this.frame = frame;
    this.isPacked = "qkv" in frame.at;
    this.tables = Array.from({ length: numTables }, () => local("i32"));
  }

  get numQueries(): Local {
    return this.isPacked ? this.frame.dims.N : this.frame.dims.M;
  }

  /** Finds places in the working memory, behind that of products. */
  start(): Code {
    const { dims, numbers, scratch } = this.frame;
    const { N, D } = dims;
    const one = f32x4.const(1);
    const width = f32x4.splat(f32.convertI32U(D));
    const scale = numbers.scale ? f32x4.splat(numbers.scale) : f32x4.div(one, f32x4.sqrt(width));
    const wider = i32.select(i32.ltU(N, D), D, N);
    const panels = mul(
      i32.shrU(add(wider, number(7)), number(3)),
      number(productScratch(8) - productScratch(0)),
    );
    const next = (after: Code): Code => add(after, mul(this.rowBytes, number(blockRows)));
    return [
      set(this.scale, scale),
      set(this.rowBytes, bytes(i32.and(add(N, number(3)), number(-4)))),
      set(this.size, add(panels, number(productScratch(0)))),
      set(this.hidden, add(scratch, this.size)),
      set(this.tables[0], add(this.hidden, this.rowBytes)),
      this.tables.slice(1).map((table, which) => set(table, next(this.tables[which]))),
      set(this.totals, next(this.tables[this.tables.length - 1])),
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

  /** Address of query, key or value number `row` of this event and head. */
  part(which: 0 | 1 | 2, row: Code, of: readonly Local[] = this.inputs): Code {
    const { N, H, D } = this.frame.dims;
    const token = add(mul(this.b, which === 0 ? this.numQueries : N), row);
    const head = this.isPacked
      ? add(mul(add(mul(token, number(3)), number(which)), H), this.h)
      : add(mul(token, H), this.h);
    return add(of[which], bytes(mul(head, D)));
  }

  get inputs(): readonly Local[] {
    const { qkv, q, k, v } = this.frame.at;
    return this.isPacked ? [qkv, qkv, qkv] : [q, k, v];
  }

  /** Number of a query among all rows and heads. */
  place(query: Code): Code {
    return add(mul(add(mul(this.b, this.numQueries), query), this.frame.dims.H), this.h);
  }

  /** The rows of a part from `start` on, and their transpose. */
  rows(start: Code, down: Code): Matrix {
    return { start, down, right: number(4), dense: "right" };
  }
  turned(start: Code, down: Code): Matrix {
    return { start, down: number(4), right: down, dense: "down" };
  }

  /** All ones for keys that nobody sees, and behind the last one. */
  findHidden(): Code {
    const { dims, at } = this.frame;
    const [j, address] = [local("i32"), local("i32")];
    const isMasked = at.mask
      ? i32.load(add(at.mask, bytes(add(mul(this.b, dims.N), j))))
      : number(0);
    return [
      set(address, this.hidden),
      loopUp(address, add(this.hidden, this.rowBytes), number(16), [
        v128.store(address, i32x4.const(0xffffffff)),
      ]),
      loop(j, number(0), dims.N, [
        i32.store(add(this.hidden, bytes(j)), i32.sub(number(0), isMasked)),
      ]),
    ];
  }

  /** For every four scores of a row: `body` of their offset in bytes. */
  eachVector(body: (offset: Local) => Code): Code {
    const offset = local("i32");
    return [set(offset, number(0)), loopUp(offset, this.rowBytes, number(16), body(offset))];
  }
}
