import { type Code, type Local, local, set } from "../../src/engine/codegen/wasm/code.ts";
import { loop, loopUp, repeatWhile, when } from "../../src/engine/codegen/wasm/control.ts";
import { f32, f32x4, i32, v128 } from "../../src/engine/codegen/wasm/instructions.ts";
import type { Attrs } from "../../src/engine/expr.ts";
import type { WasmSpelling } from "../../src/engine/kernel.ts";
import { fitsList, listBytes, nearestList } from "./insertion.ts";
import { bytes, integers, least, vectors, wordAt, wordOf } from "./words.ts";

const { add, mul, const: number } = i32;

const unitQueries = 16;
const lanes = 8; // points whose distances are computed together
const spillBytes = 4 * lanes;

/**
 * `nearestRows` in WebAssembly: a unit is sixteen queries. Points are copied in blocks of eight, the same
 * coordinate of all of them together; eight distances cost one comparison unless one of them is
 * nearer than the last in the list. Rows are kept in order where the results belong.
 */
export const nearestRowsWasm: WasmSpelling = {
  suits: ({ k }) => fitsList(k),
  units: ({ Q }) => Math.ceil(Q / unitQueries),
  work: ({ Q, N, B }, { dim }) => (Number(dim) * Q * N) / B,
  grain: () => 16,
  scratch: ({ N }, { dim }) => listBytes + spillBytes + 4 * Number(dim) * (N + lanes),
  code({ dims: { N, Q, B }, numbers: { limit }, at, scratch, from, to }, attrs) {
    const [dim, k] = [Number(attrs.dim), Number(attrs.k)];
    const [q, last, event, start, end, point, lane, row] = integers(8);
    const [query, result, spill, blocks, block] = integers(5);
    const distance = local("f32");
    const list = nearestList(k, { entries: scratch, rows: result });
    const near = vectors(2);

    const isInEvent = i32.and(i32.leU(start, row), i32.ltU(row, end));
    const isOther = attrs.self ? number(1) : i32.ne(row, q);
    const consider = [
      set(row, add(point, lane)),
      set(distance, f32.load(wordAt(spill, lane))),
      when(i32.and(isInEvent, isOther), list.insert(distance, row)),
    ];
    const isAnyNear = v128.anyTrue(
      v128.or(f32x4.le(near[0], list.bound), f32x4.le(near[1], list.bound)),
    );
    const search = loopUp(point, end, number(lanes), [
      near.map((sum, half) => set(sum, squaredDistance(dim, half, query, block))),
      set(block, add(block, number(4 * lanes * dim))),
      when(isAnyNear, [
        near.map((sum, half) => v128.store(spill, sum, 16 * half)),
        set(lane, number(0)),
        loopUp(lane, number(lanes), number(1), consider),
      ]),
    ]);
    const ofQuery = [
      findEvent(event, q, B, (index) => wordOf(at.queryOffsets, index)),
      set(start, wordOf(at.offsets, event)),
      set(point, i32.and(start, number(-lanes))), // where its block begins
      set(block, add(blocks, mul(point, number(4 * dim)))),
      set(end, wordOf(at.offsets, add(event, number(1)))),
      set(query, add(at.queries, mul(q, number(4 * dim)))),
      set(result, add(at.y, mul(q, number(4 * k)))),
      list.clear(limit),
      search,
    ];
    return [
      set(spill, add(scratch, number(listBytes))),
      set(blocks, add(spill, number(spillBytes))),
      copyBlocks(attrs, N, at.points, blocks),
      set(last, least(Q, mul(to, number(unitQueries)))),
      set(event, number(0)),
      loop(q, mul(from, number(unitQueries)), last, ofQuery),
    ];
  },
};

/** Moves on to the last event that begins at q or before. */
function findEvent(event: Local, q: Code, B: Code, start: (index: Code) => Code): Code {
  const next = local("i32");
  const isNext = i32.and(i32.ltU(next, B), i32.leU(start(next), q));
  return [
    set(next, add(event, number(1))),
    repeatWhile(isNext, [set(event, next), set(next, add(next, number(1)))]),
  ];
}

/** From a query to four points of a block. */
function squaredDistance(dim: number, half: number, query: Code, block: Code): Code {
  const difference = local("v128");
  const terms = Array.from({ length: dim }, (_, d): Code => {
    const points = v128.load(block, 4 * lanes * d + 16 * half);
    const apart = f32x4.sub(v128.load32Splat(query, 4 * d), points);
    return [set(difference, apart), f32x4.mul(difference, difference)];
  });
  return terms.slice(1).reduce((sum, term) => f32x4.add(sum, term), terms[0]);
}

function copyBlocks({ dim }: Attrs, N: Code, points: Code, blocks: Code): Code {
  const [n, source, target] = integers(3);
  const block = mul(i32.and(n, number(-lanes)), number(4 * Number(dim)));
  const copies = Array.from({ length: Number(dim) }, (_, d) =>
    f32.store(target, f32.load(source, 4 * d), 4 * lanes * d),
  );
  return [
    set(source, points),
    loop(n, number(0), N, [
      set(target, add(add(blocks, block), bytes(i32.and(n, number(lanes - 1))))),
      copies,
      set(source, add(source, number(4 * Number(dim)))),
    ]),
  ];
}
