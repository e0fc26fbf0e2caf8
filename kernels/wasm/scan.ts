/** Running sums in WebAssembly: a unit is a block of a row, of G blocks of ⌈N/G⌉ elements. */
import { type Code, type Local, local, set } from "../../src/engine/codegen/wasm/code.ts";
import { loop, repeatWhile, when, whenElse } from "../../src/engine/codegen/wasm/control.ts";
import { f32x4, i32, i32x4, shuffle, v128 } from "../../src/engine/codegen/wasm/instructions.ts";
import type { Attrs } from "../../src/engine/expr.ts";
import type { WasmFrame, WasmSpelling } from "../../src/engine/kernel.ts";
import { mapRow, reduceRow } from "./rowLoops.ts";
import { bytes, integers, least, vectors } from "./words.ts";

const { add, sub, mul, const: number } = i32;
const zeros = i32x4.const(0);

/** Sums of four floats or whole numbers. */
const addOf = ({ dtype = "f32" }: Attrs) => (dtype === "f32" ? f32x4.add : i32x4.add);

/** Row and block of a unit, and the elements of the block in the order in which they are added up. */
function blockOf(unit: Local, { N, G }: WasmFrame["dims"]) {
  const [outer, block, length, from, to] = integers(5);
  const code = [
    set(outer, i32.divU(unit, G)),
    set(block, i32.remU(unit, G)),
    set(length, i32.divU(add(N, sub(G, number(1))), G)),
    set(from, least(N, mul(block, length))),
    set(to, least(N, add(from, length))),
  ];
  return { code, outer, block, from, to };
}

export const blockSumsWasm: WasmSpelling = {
  units: ({ O, G }) => O * G,
  work: ({ O, N, I }) => (O * N * I) / 4,
  scratch: () => 0,
  code({ dims, at, from, to }, attrs) {
    const { N, I } = dims;
    const [unit, first, x, y, element] = integers(5);
    const [total] = vectors(1);
    const { code, outer, ...block } = blockOf(unit, dims);
    const sum = addOf(attrs);
    const count = sub(block.to, block.from);
    const alone = [
      reduceRow(count, total, sum, zeros, ({ load }) => load(x)),
      v128.store32Lane(y, total, 0),
    ];
    const together = [
      mapRow(I, ({ store }) => store(y, zeros)),
      loop(element, number(0), count, [
        mapRow(I, ({ load, store }) => store(y, sum(load(y), load(x)))),
        set(x, add(x, bytes(I))),
      ]),
    ];
    return loop(unit, from, to, [
      code,
      set(first, attrs.reverse ? sub(N, block.to) : block.from),
      set(x, add(at.x, bytes(mul(I, add(mul(outer, N), first))))),
      set(y, add(at.y, bytes(mul(I, unit)))),
      whenElse(i32.eq(I, number(1)), alone, together),
    ]);
  },
};

/**
 * `scanBlocks` in WebAssembly. The sums before a block are added up from the first one where a range of
 * units begins, and go on from unit to unit within it: the same sums in the same order either way.
 */
export const scanBlocksWasm: WasmSpelling = {
  units: ({ O, G }) => O * G,
  work: ({ O, N, I }) => (O * N * I) / 2,
  grain: () => 16,
  scratch: ({ I }) => 4 * I,
  code({ dims, at, scratch: before, from, to }, attrs) {
    const { N, G, I } = dims;
    const [unit, g, sums, first, place] = integers(5);
    const { code, outer, ...block } = blockOf(unit, dims);
    const sum = addOf(attrs);
    const isFirst = i32.or(i32.eq(unit, from), i32.eqz(block.block));
    const addBlock = (g: Code): Code => [
      set(sums, add(at.sums, bytes(mul(I, add(mul(outer, G), g))))),
      mapRow(I, ({ load, store }) => store(before, sum(load(before), load(sums)))),
    ];
    const addAll = [
      mapRow(I, ({ store }) => store(before, zeros)),
      loop(g, number(0), block.block, addBlock(g)),
    ];
    const places = { at, place, count: sub(block.to, block.from), before, I };
    return loop(unit, from, to, [
      code,
      whenElse(isFirst, addAll, addBlock(sub(block.block, number(1)))),
      set(first, attrs.reverse ? sub(sub(N, number(1)), block.from) : block.from),
      set(place, bytes(mul(I, add(mul(outer, N), first)))),
      whenElse(i32.eq(I, number(1)), scanRow(places, attrs), scanRows(places, attrs)),
    ]);
  },
};

interface Places {
  at: WasmFrame["at"];
  /** Where in x and y the block begins, in bytes; `count` elements of the axis follow. */
  place: Local;
  count: Code;
  before: Code;
  I: Code;
}

/** One number per element: four prefixes at once, in which the carry takes part in one sum only. */
function scanRow({ at, place, count, before }: Places, attrs: Attrs): Code {
  const { exclusive, reverse } = attrs;
  const left = local("i32");
  const [carry, x, y] = vectors(3);
  const sum = addOf(attrs);
  const turned = (value: Local): Code => (reverse ? shuffle(value, value, [3, 2, 1, 0]) : value);
  /** Past the first element, and so on; zeros come in. */
  const shifted = (value: Local, by: 1 | 2): Code =>
    shuffle(zeros, value, by === 1 ? [0, 4, 5, 6] : [0, 0, 4, 5]);
  const next = (elements: number): Code => [
    set(place, (reverse ? sub : add)(place, number(4 * elements))),
    set(left, sub(left, number(elements))),
  ];
  const lowest = reverse ? sub(place, number(12)) : place; // of four
  const four = [
    set(x, v128.load(add(at.x, lowest))),
    set(x, turned(x)),
    set(x, sum(x, shifted(x, 1))),
    set(x, sum(x, shifted(x, 2))),
    set(y, sum(carry, exclusive ? shifted(x, 1) : x)),
    v128.store(add(at.y, lowest), turned(y)),
    set(carry, sum(carry, shuffle(x, x, [3, 3, 3, 3]))),
    next(4),
  ];
  const sumOne = set(carry, sum(carry, v128.load32Splat(add(at.x, place))));
  const store = [set(x, carry), v128.store32Lane(add(at.y, place), x, 0)];
  return [
    set(left, count),
    set(carry, v128.load32Splat(before)),
    repeatWhile(i32.geU(left, number(4)), four),
    repeatWhile(left, [exclusive ? [store, sumOne] : [sumOne, store], next(1)]),
  ];
}

/** I numbers per element, which lie together: each row of them is the one before plus that of x. */
function scanRows({ at, place, count, before, I }: Places, attrs: Attrs): Code {
  const { exclusive, reverse } = attrs;
  const [last, x, y, left] = integers(4);
  const sum = addOf(attrs);
  const step = (address: Local): Code => set(address, (reverse ? sub : add)(address, bytes(I)));
  const one = [
    mapRow(I, ({ load, store }) => store(y, sum(load(last), load(x)))),
    set(last, y),
    step(x),
    step(y),
    set(left, sub(left, number(1))),
  ];
  // without itself: the first is what comes before the block, and x lags behind
  const first = [
    mapRow(I, ({ load, store }) => store(y, load(before))),
    set(last, y),
    step(y),
    set(left, sub(left, number(1))),
  ];
  return [
    set(last, before),
    set(x, add(at.x, place)),
    set(y, add(at.y, place)),
    set(left, count),
    exclusive ? when(left, first) : [],
    repeatWhile(left, one),
  ];
}
