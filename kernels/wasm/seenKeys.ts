/** Which keys the queries of attention see in WebAssembly: those of their event that are not masked. */
import { type Code, type Local, local, set } from "../../src/engine/codegen/wasm/code.ts";
import { loop, loopUp, repeatWhile, whenElse } from "../../src/engine/codegen/wasm/control.ts";
import { i32, i32x4, v128 } from "../../src/engine/codegen/wasm/instructions.ts";
import type { WasmFrame } from "../../src/engine/kernel.ts";
import { bytes, integers, least } from "./words.ts";

const { add, sub, mul, const: number } = i32;

/** A range of keys, and a table of those in it that are masked. */
export class SeenKeys {
  /** Row of the first among all tokens. */
  readonly first = local("i32");
  readonly count = local("i32");
  /** Bytes of one row of scores, whole vectors. */
  readonly rowBytes = local("i32");
  /** Address of a word per key, behind the last one too: all ones if it is hidden. */
  readonly hidden = local("i32");
  private readonly frame: WasmFrame;

  constructor(frame: WasmFrame) {
    this.frame = frame;
  }

  /** All keys of list `b`. */
  ofList(b: Code): Code {
    const { N } = this.frame.dims;
    return this.see(mul(b, N), N);
  }

  /** Those of one of several events in one list. */
  ofEvent(event: Code): Code {
    const [first, end] = integers(2);
    const { N } = this.frame.dims; // working memory has no place for more
    return [
      set(end, least(this.begin(add(event, number(1))), N)),
      set(first, least(this.begin(event), end)),
      this.see(first, sub(end, first)),
    ];
  }

  /** Those of the event of a query; `until` becomes less if queries before it are of later events. */
  ofQuery(query: Local, until: Local): Code {
    const { S } = this.frame.dims;
    const [event, after, middle] = integers(3);
    const isLater = i32.gtU(this.begin(middle), query);
    return [
      set(event, number(0)),
      set(after, S),
      repeatWhile(i32.gtU(sub(after, event), number(1)), [
        set(middle, i32.shrU(add(event, after), number(1))),
        whenElse(isLater, set(after, middle), set(event, middle)),
      ]),
      set(until, i32.select(i32.ltU(after, S), least(until, this.begin(after)), until)),
      this.ofEvent(event),
    ];
  }

  private see(first: Code, count: Code): Code {
    return [
      set(this.first, first),
      set(this.count, count),
      set(this.rowBytes, bytes(i32.and(add(this.count, number(3)), number(-4)))),
    ];
  }

  private begin(event: Code): Code {
    return i32.load(add(this.frame.at.offsets, bytes(event)));
  }

  findHidden(): Code {
    const { mask } = this.frame.at;
    const [j, address] = integers(2);
    const isMasked = mask ? i32.load(add(mask, bytes(add(this.first, j)))) : number(0);
    return [
      set(address, this.hidden),
      loopUp(address, add(this.hidden, this.rowBytes), number(16), [
        v128.store(address, i32x4.const(0xffffffff)),
      ]),
      loop(j, number(0), this.count, [
        i32.store(add(this.hidden, bytes(j)), i32.sub(number(0), isMasked)),
      ]),
    ];
  }

  /** For every four of them: `body` of their offset in bytes in a row of scores. */
  eachVector(body: (offset: Local) => Code): Code {
    const offset = local("i32");
    return [set(offset, number(0)), loopUp(offset, this.rowBytes, number(16), body(offset))];
  }
}
