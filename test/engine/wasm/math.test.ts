/** Functions of vectors over their whole ranges, against double precision. */
import { describe, expect, test } from "vitest";
import { jsMath } from "../../../src/engine/codegen/math.ts";
import { type Code, local, set } from "../../../src/engine/codegen/wasm/code.ts";
import { repeatWhile } from "../../../src/engine/codegen/wasm/control.ts";
import { i32, v128 } from "../../../src/engine/codegen/wasm/instructions.ts";
import * as wasm from "../../../src/engine/codegen/wasm/math.ts";
import { assemble, define } from "../../../src/engine/codegen/wasm/module.ts";

/** f of many numbers, four at a time. */
function mapped(f: (x: Code, y: Code) => Code, xs: Float32Array, ys = xs): Float32Array {
  const [at, count] = [local("i32"), local("i32")];
  const pitch = 4 * xs.length;
  const [x, y] = [local("v128"), local("v128")];
  const second = i32.add(at, i32.const(pitch));
  const third = i32.add(at, i32.const(2 * pitch));
  const round = [set(x, v128.load(at)), set(y, v128.load(second)), v128.store(third, f(x, y))];
  const body = repeatWhile(i32.ltU(at, count), [round, set(at, i32.add(at, i32.const(16)))]);
  const functions = [define("map", [at, count], body)];
  const memory = new WebAssembly.Memory({ initial: Math.ceil((3 * pitch) / 65536) });
  const module = new WebAssembly.Module(assemble({ imports: [], functions, isShared: false }));
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const floats = new Float32Array(memory.buffer);
  floats.set(xs);
  floats.set(ys, xs.length);
  (exports.map as (from: number, to: number) => void)(0, pitch);
  return floats.slice(2 * xs.length, 3 * xs.length);
}

const evenly = (low: number, high: number, count = 2 ** 16): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => low + ((high - low) * (i + 0.5)) / count);
/** Positive floats of all sizes, denormal ones included. */
const everySize = Float32Array.from({ length: 2 ** 16 }, (_, i) => {
  const [word] = new Float32Array(
    new Uint32Array([Math.floor(((i + 0.5) * 0x7f7fffff) / 2 ** 16)]).buffer,
  );
  return word!;
});

const functions: Record<
  string,
  [
    wasm: (x: Code) => Code,
    exact: (x: number) => number,
    xs: Float32Array[],
    relative: number,
    absolute: number,
  ]
> = {
  exp: [wasm.exp, Math.exp, [evenly(-87, 88.7), evenly(-1, 1)], 2 ** -22, 0],
  "exp of denormal results": [wasm.exp, Math.exp, [evenly(-110, -87)], 2 ** -22, 2 ** -149],
  expm1: [
    wasm.expm1,
    Math.expm1,
    [evenly(-100, 88.7), evenly(-1, 1), evenly(-1e-5, 1e-5)],
    2 ** -22,
    0,
  ],
  log: [wasm.log, Math.log, [everySize, evenly(0.5, 2)], 2 ** -22, 0],
  log1p: [wasm.log1p, Math.log1p, [everySize, evenly(-0.999, 2), evenly(-1e-4, 1e-4)], 2 ** -22, 0],
  tanh: [wasm.tanh, Math.tanh, [evenly(-20, 20), evenly(-1, 1), evenly(-1e-3, 1e-3)], 2 ** -21, 0],
  sigmoid: [wasm.sigmoid, (x) => 1 / (1 + Math.exp(-x)), [evenly(-87, 87)], 2 ** -21.4, 0],
  softplus: [
    wasm.softplus,
    (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
    [evenly(-80, 80)],
    2 ** -21.4,
    0,
  ],
  erf: [wasm.erf, jsMath.erf, [evenly(-6, 6)], 0, 3e-7],
  "erf near 0": [wasm.erf, jsMath.erf, [evenly(-1, 1)], 2 ** -22, 0],
  sin: [wasm.sin, Math.sin, [evenly(-10, 10), evenly(-1e4, 1e4)], 0, 3e-7],
  cos: [wasm.cos, Math.cos, [evenly(-10, 10), evenly(-1e4, 1e4)], 0, 3e-7],
};

/** The largest error as a multiple of what is allowed. */
function worst(
  got: Float32Array,
  wanted: (i: number) => number,
  relative: number,
  absolute: number,
): number {
  let most = 0;
  for (const [i, y] of got.entries()) {
    const error = Math.abs(y - wanted(i)) / (relative * Math.abs(wanted(i)) + absolute + 1e-300);
    most = Math.max(most, error); // NaN stays
  }
  return most;
}

describe("over its whole range", () => {
  test.each(Object.keys(functions))("%s is as exact as it says", (name) => {
    const [f, exact, ranges, relative, absolute] = functions[name]!;
    for (const xs of ranges)
      expect(worst(mapped(f, xs), (i) => exact(xs[i]!), relative, absolute)).toBeLessThan(1);
  });

  test("atan2 is as exact as it says, in all quadrants", () => {
    const [ys, xs] = [evenly(-50, 50), evenly(-7, 9).map((x) => Math.sin(1000 * x))];
    expect(
      worst(mapped(wasm.atan2, ys, xs), (i) => Math.atan2(ys[i]!, xs[i]!), 0, 3e-7),
    ).toBeLessThan(1);
  });

  test("exponentials of differences are as exact as differences, and end at 0", () => {
    for (const xs of [evenly(-86.9, 87), evenly(-1, 0.01)]) {
      const got = mapped(wasm.expOfDifference, xs);
      const off = Array.from(xs, (x, i) => {
        return Math.abs(got[i]! / Math.exp(x) - 1) / ((Math.abs(x) + 3) * 2 ** -23);
      });
      expect(off.reduce((a, b) => Math.max(a, b))).toBeLessThan(1);
    }
    const limits = Float32Array.of(0, -87.1, -1e30, -3e38, -Infinity, NaN, -1e9, -126);
    expect([...mapped(wasm.expOfDifference, limits)]).toEqual([1, 0, 0, 0, 0, NaN, 0, 0]);
  });

  test("pow is as exact as its logarithm allows", () => {
    const [xs, ys] = [evenly(0.01, 30), evenly(-3, 3).map((y) => 5 * Math.sin(1000 * y))];
    // the exponent y log x, below 23 here, is off by some 2⁻²² of itself
    expect(worst(mapped(wasm.pow, xs, ys), (i) => xs[i]! ** ys[i]!, 23 * 2 ** -22, 0)).toBeLessThan(
      1,
    );
  });
});

test("limits are those of JavaScript", () => {
  const { POSITIVE_INFINITY: infinity, NaN: nan } = Number;
  const special = Float32Array.of(
    0,
    -0,
    infinity,
    -infinity,
    nan,
    -1,
    1,
    200,
    -200,
    3e38,
    -3e38,
    1e-40,
  );
  const { exp, expm1, log, tanh, sign, sigmoid, erf } = wasm;
  const own = { exp, expm1, log, tanh, sign, sigmoid, erf };
  const exact = {
    exp: Math.exp,
    expm1: Math.expm1,
    log: Math.log,
    tanh: Math.tanh,
    sign: Math.sign,
    sigmoid: (x: number) => 1 / (1 + Math.exp(-x)),
    erf: (x: number) => (Number.isNaN(x) ? x : jsMath.erf(x)),
  };
  for (const [name, f] of Object.entries(exact)) {
    const got = mapped(own[name as keyof typeof own], special);
    for (const [i, x] of special.entries()) {
      const wanted = Math.fround(f(x));
      if (Number.isFinite(wanted))
        expect(Math.abs(got[i]! - wanted), `${name}(${x})`).toBeLessThanOrEqual(
          1e-6 * Math.abs(wanted),
        );
      else expect(got[i], `${name}(${x})`).toBe(wanted);
    }
  }
});
