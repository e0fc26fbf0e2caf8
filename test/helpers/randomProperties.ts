/** The generator of random numbers: known bits, the same on every backend, and their distribution. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { record } from "../../src/engine/tensor.ts";
import { Rng, type Tensor } from "../../src/index.ts";
import { useDevice } from "./backends.ts";
import { philoxBlock } from "./philox.ts";

const bitsOf = async (tensor: Tensor) => [...(await tensor.data())];

/** Words of the generator for any key and counter words: element i has counter (i / 4, 0, c0, c1). */
const raw = (key: readonly [number, number], c0: number, c1: number, length: number): Tensor =>
  record("randomBits", [], [length], "u32", { values: [...key, c0, c1] });

export function describeRandom(backend: "js" | "wasm" | "webgpu", runs: number): void {
  describe(`random numbers on ${backend}`, () => {
    useDevice(backend);

    test("key 0 and counter 0 give the published words", async () => {
      expect(await bitsOf(new Rng(0).bits([4]))).toEqual([
        0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8,
      ]);
    });

    test("any key and counter give the words of an independent implementation", () =>
      fc.assert(
        fc.asyncProperty(
          fc.array(fc.nat({ max: 2 ** 32 - 1 }), { minLength: 4, maxLength: 4 }),
          async (words) => {
            const [k0, k1, c0, c1] = words as [number, number, number, number];
            const wanted = [0, 1, 2].flatMap((block) => philoxBlock([block, 0, c0, c1], [k0, k1]));
            expect(await bitsOf(raw([k0, k1], c0, c1, 12))).toEqual(wanted);
          },
        ),
        { numRuns: runs, seed: 1 },
      ));

    test("same seed, same bits; every draw, seed and child differs", async () => {
      const [rng, again] = [new Rng(5), new Rng(5)];
      const streams = [rng.bits([8]), rng.bits([8]), new Rng(5 + 2 ** 32).bits([8])];
      for (const child of [0, 1, 65521, 65520]) streams.push(rng.split(child).bits([8]));
      streams.push(rng.split(0).split(0).bits([8]), rng.split(1).split(0).bits([8]));
      const bits = await Promise.all(streams.map(bitsOf));
      expect(new Set(bits.flat()).size).toBe(8 * streams.length);
      expect(await bitsOf(again.bits([2, 4]))).toEqual(bits[0]);
      expect(await bitsOf(again.split(65521).bits([8]))).toEqual(bits[5]);
    });

    test("a long draw begins like a short one", async () => {
      const long = await bitsOf(new Rng(7).bits([1003]));
      expect(await bitsOf(new Rng(7).bits([5]))).toEqual(long.slice(0, 5));
    });

    test("uniform fills [0, 1) evenly", async () => {
      const x = await bitsOf(new Rng(3).uniform([64, 64]));
      expect(Math.min(...x)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...x)).toBeLessThan(1);
      // 4096 draws: five standard errors of the mean, 0.289 / 64, and of the variance, 0.0745 / 64
      const { mean, variance } = moments(x);
      expect(Math.abs(mean - 1 / 2)).toBeLessThan(0.0226);
      expect(Math.abs(variance - 1 / 12)).toBeLessThan(0.0059);
    });

    test("uniform between two numbers, as often in each tenth", async () => {
      const x = await bitsOf(new Rng(4).uniform([4096], -2, 3));
      const tenths = new Array(10).fill(0);
      for (const v of x) tenths[Math.floor((v + 2) * 2)]++;
      // χ² with 9 degrees of freedom exceeds 33.7 once in 10⁴
      const chi2 = tenths.reduce((sum, n) => sum + (n - 409.6) ** 2 / 409.6, 0);
      expect(chi2).toBeLessThan(33.7);
    });

    test("normal has mean 0, variance 1, no skew and the tails of a Gaussian", async () => {
      const x = await bitsOf(new Rng(6).normal([64, 64]));
      const { mean, variance, third, fourth } = moments(x);
      // five standard errors of n = 4096: 1/√n, √(2/n), √(6/n) and √(24/n)
      expect(Math.abs(mean)).toBeLessThan(0.078);
      expect(Math.abs(variance - 1)).toBeLessThan(0.11);
      expect(Math.abs(third)).toBeLessThan(0.31); // √(15/n) for the moment that is not normalised
      expect(Math.abs(fourth - 3)).toBeLessThan(0.77); // √(96/n) likewise
      expect(x.every(Number.isFinite)).toBe(true);
    });
  });
}

/** Mean, and central moments. */
function moments(x: readonly number[]) {
  const average = (f: (v: number) => number) => x.reduce((sum, v) => sum + f(v), 0) / x.length;
  const mean = average((v) => v);
  const [variance, third, fourth] = [2, 3, 4].map((power) => average((v) => (v - mean) ** power));
  return { mean, variance: variance!, third: third!, fourth: fourth! };
}
