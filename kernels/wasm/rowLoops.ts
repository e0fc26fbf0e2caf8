/** Loops over the numbers of a row, four at a time and then one by one. */
import { type Code, type Local, local, set } from "../../src/engine/codegen/wasm/code.ts";
import { loopUp, repeatWhile } from "../../src/engine/codegen/wasm/control.ts";
import { i32, shuffle, v128 } from "../../src/engine/codegen/wasm/instructions.ts";

const { add, const: number } = i32;

/** Sum, or greatest, of four lanes, in each of them. */
export function acrossLanes(combine: (x: Code, y: Code) => Code, x: Local): Code {
  return [
    set(x, combine(x, shuffle(x, x, [2, 3, 0, 1]))),
    set(x, combine(x, shuffle(x, x, [1, 0, 3, 2]))),
  ];
}

/** Reads and writes at one offset of several rows of numbers: four numbers, or one in all lanes. */
interface Place {
  load: (row: Code) => Code;
  store: (row: Code, x: Code) => Code;
}

/** y[f] = … for every f: `body` stores what it computes. */
export function mapRow(size: Code, body: (place: Place) => Code): Code {
  const { offset, four, one } = places();
  const end = i32.shl(size, number(2));
  const fits = i32.leU(add(offset, number(16)), end);
  return [
    set(offset, number(0)),
    repeatWhile(fits, [body(four), set(offset, add(offset, number(16)))]),
    loopUp(offset, end, number(4), body(one)),
  ];
}

/** y[f] = combine(y[f], x[f · step]) for every f below `size`; steps above three go one by one. */
export function stridedRow(
  size: number,
  step: number,
  y: Local,
  x: Local,
  combine: (y: Code, x: Code) => Code,
): Code {
  const [to, from] = [local("i32"), local("i32")];
  const end = add(y, number(4 * size));
  const next = (count: number): Code => [
    set(from, add(from, number(4 * step * count))),
    set(to, add(to, number(4 * count))),
  ];
  // the second two begin where the last of them ends, so that nothing behind it is read
  const late = v128.load(from, 4 * (3 * step - 3));
  const every = shuffle(v128.load(from), late, [0, step, 7 - step, 7]);
  const one = combine(v128.load32Splat(to), v128.load32Splat(from));
  const together = [v128.store(to, combine(v128.load(to), every)), next(4)];
  return [
    set(to, y),
    set(from, x),
    step > 3 ? [] : repeatWhile(i32.leU(add(to, number(16)), end), together),
    repeatWhile(i32.ltU(to, end), [v128.store32Lane(to, one, 0), next(1)]),
  ];
}

/** Combines `term` over a row into all lanes of `total`, sixteen partial results in a fixed order. */
export function reduceRow(
  size: Code,
  total: Local,
  combine: (x: Code, y: Code) => Code,
  start: Code,
  term: (place: Place) => Code,
): Code {
  const { offset, four, one } = places();
  const end = i32.shl(size, number(2));
  const fits = (bytes: number) => i32.leU(add(offset, number(bytes)), end);
  const partial = [total, local("v128"), local("v128"), local("v128")];
  // a combination waits for the one before it, so four of them are under way
  const next = (into: Local) => [
    set(into, combine(into, term(four))),
    set(offset, add(offset, number(16))),
  ];
  return [
    set(offset, number(0)),
    partial.map((into) => set(into, start)),
    repeatWhile(fits(64), partial.map(next)),
    repeatWhile(fits(16), next(total)),
    partial.slice(1).map((part) => set(total, combine(total, part))),
    acrossLanes(combine, total),
    loopUp(offset, end, number(4), set(total, combine(total, term(one)))),
  ];
}

function places(): { offset: Local; four: Place; one: Place } {
  const [offset, address] = [local("i32"), local("i32")];
  const at = (row: Code): Code => add(row, offset);
  return {
    offset,
    four: { load: (row) => v128.load(at(row)), store: (row, x) => v128.store(at(row), x) },
    one: {
      load: (row) => v128.load32Splat(at(row)),
      store: (row, x) => [set(address, at(row)), v128.store32Lane(address, x, 0)],
    },
  };
}
