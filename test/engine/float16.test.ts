import { expect, test } from "vitest";
import { float16Bits, float16Value, roundFloat16 } from "../../src/engine/float16.ts";

const patterns = Array.from({ length: 2 ** 16 }, (_, bits) => bits);
const isNaNPattern = (bits: number) => (bits & 0x7fff) > 0x7c00;

test("each of the 65536 patterns is the one of its value", () => {
  for (const bits of patterns) {
    if (isNaNPattern(bits)) expect(float16Value(bits)).toBeNaN();
    else if (float16Bits(float16Value(bits)) !== bits) expect.fail(`pattern ${bits}`);
  }
});

test("between neighbors, the nearer is taken, and halfway the one that ends with a 0", () => {
  for (let bits = 0; bits < 0x7c00; bits++) {
    const [low, high] = [float16Value(bits), bits === 0x7bff ? 65536 : float16Value(bits + 1)];
    const middle = (low + high) / 2; // exact in f32
    const up = bits + 1; // of the greatest value: infinity
    for (const sign of [1, -1]) {
      const of = (x: number) => float16Bits(sign * x) & 0x7fff;
      const step = Math.max(middle * 2 ** -23, 2 ** -40); // nothing nearer in f32
      const found = [of(middle - step), of(middle), of(middle + step)];
      const expected = [bits, bits % 2 === 0 ? bits : up, up];
      if (found.join() !== expected.join()) expect.fail(`${found} instead of ${expected}`);
    }
  }
});

test("infinities, zeros and NaN stay what they are", () => {
  for (const x of [0, -0, Infinity, -Infinity, Number.NaN]) expect(roundFloat16(x)).toBe(x);
  expect([roundFloat16(1e5), roundFloat16(-1e5), roundFloat16(1e-9)]).toEqual([
    Infinity,
    -Infinity,
    0,
  ]);
});
