/** The assembler: what it encodes, this engine accepts and runs. */
import { expect, test } from "vitest";
import {
  type Code,
  call,
  local,
  set,
  shared,
  signed,
  unsigned,
} from "../../../src/engine/codegen/wasm/code.ts";
import { choose, loop, when, whenElse } from "../../../src/engine/codegen/wasm/control.ts";
import {
  f32x4,
  f64,
  i32,
  i32x4,
  shuffle,
  v128,
} from "../../../src/engine/codegen/wasm/instructions.ts";
import {
  assemble,
  type Definition,
  define,
  maxPages,
} from "../../../src/engine/codegen/wasm/module.ts";

type Exports = Record<string, (...args: number[]) => number>;

function instantiate(functions: readonly Definition[], isShared = false) {
  const memory = new WebAssembly.Memory(
    isShared ? { initial: 1, maximum: maxPages, shared: true } : { initial: 1 },
  );
  const module = new WebAssembly.Module(assemble({ imports: [], functions, isShared }));
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  return { memory, run: exports as unknown as Exports };
}

test("numbers are encoded in groups of seven bits", () => {
  // the examples of the DWARF standard, which defines the encoding
  expect([0, 2, 127, 128, 129, 12857].map(unsigned)).toEqual([
    [0],
    [2],
    [0x7f],
    [0x80, 1],
    [0x81, 1],
    [0xb9, 0x64],
  ]);
  expect([2, -2, 127, -127, 128, -128, 129, -129].map(signed)).toEqual([
    [2],
    [0x7e],
    [0xff, 0],
    [0x81, 0x7f],
    [0x80, 1],
    [0x80, 0x7f],
    [0x81, 1],
    [0xff, 0x7e],
  ]);
  expect(unsigned(2 ** 32 - 1)).toEqual([0xff, 0xff, 0xff, 0xff, 0x0f]);
});

test("constants of any size reach the code", () => {
  const numbers = [0, 1, -1, 63, 64, -64, -65, 2 ** 31 - 1, -(2 ** 31)];
  const functions = numbers.map((n, which) => define(`f${which}`, [], i32.const(n), ["i32"]));
  const { run } = instantiate(functions);
  expect(numbers.map((_, which) => run[`f${which}`]!())).toEqual(numbers);
});

test("loops run from, to, and not at all", () => {
  const [n, i, sum] = [local("i32"), local("i32"), local("i32")];
  const body = [loop(i, i32.const(2), n, set(sum, i32.add(sum, i))), sum];
  const { run } = instantiate([define("sum", [n], body, ["i32"])]);
  expect([0, 2, 3, 11].map((end) => run.sum!(end))).toEqual([0, 0, 2, 54]);
});

test("branches take one side", () => {
  const [x, y] = [local("i32"), local("i32")];
  const side = whenElse(x, set(y, i32.const(10)), set(y, i32.const(20)));
  const more = when(i32.eq(x, i32.const(7)), set(y, i32.add(y, i32.const(1))));
  const vector = choose(x, i32x4.splat(y), i32x4.const(3));
  const body = [side, more, i32x4.extractLane(vector, 2)];
  const { run } = instantiate([define("branch", [x], body, ["i32"])]);
  expect([0, 1, 7].map((given) => run.branch!(given))).toEqual([3, 10, 11]);
});

test("a shared value is computed once", () => {
  const [calls, counter] = [
    local("i32"),
    define(
      "count",
      [],
      [
        i32.store(i32.const(0), i32.add(i32.load(i32.const(0)), i32.const(1))),
        i32.load(i32.const(0)),
      ],
      ["i32"],
    ),
  ];
  const value = shared(call(counter), "i32");
  const body: Code = [set(calls, i32.add(value, i32.add(value, value))), calls];
  const { run } = instantiate([counter, define("thrice", [], body, ["i32"])]);
  expect(run.thrice!()).toBe(3);
  expect(run.thrice!()).toBe(6);
});

test("vectors are loaded, shuffled and stored, in memory that threads share too", () => {
  const at = local("i32");
  const turned = shuffle(v128.load(at), v128.load(at, 16), [7, 0, 4, 3]);
  const body = v128.store(at, f32x4.add(turned, f32x4.const(0.5)), 32);
  for (const isShared of [false, true]) {
    const { run, memory } = instantiate([define("turn", [at], body)], isShared);
    const floats = new Float32Array(memory.buffer, 64, 12);
    floats.set([0, 1, 2, 3, 4, 5, 6, 7]);
    run.turn!(64);
    expect([...floats.subarray(8)]).toEqual([7.5, 0.5, 4.5, 3.5]);
  }
});

test("a module calls JavaScript", () => {
  const [x, twice] = [local("i32"), { name: "twice", params: ["f64"], results: ["f64"] } as const];
  const body = f64.toI32(call(twice, f64.fromI32(x)));
  const bytes = assemble({
    imports: [twice],
    functions: [define("f", [x], body, ["i32"])],
    isShared: false,
  });
  const memory = new WebAssembly.Memory({ initial: 1 });
  const imports = { env: { memory }, js: { twice: (y: number) => 2 * y } };
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), imports);
  expect((exports as unknown as Exports).f!(-21)).toBe(-42);
});
