import { expect, test } from "vitest";
import { jsMath } from "../../src/engine/codegen/math.ts";
import { DTypeError, Rng } from "../../src/index.ts";
import { philoxBlock } from "../helpers/philox.ts";
import { describeRandom } from "../helpers/randomProperties.ts";

// Random123, known-answer vectors of philox4x32-10: zeros, ones, and digits of π
const ones = 0xffffffff;
const pi = [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0] as const;

test("the independent implementation gives the published words", () => {
  expect(philoxBlock([0, 0, 0, 0], [0, 0])).toEqual([
    0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8,
  ]);
  expect(philoxBlock([ones, ones, ones, ones], [ones, ones])).toEqual([
    0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd,
  ]);
  expect(philoxBlock([pi[0], pi[1], pi[2], pi[3]], [pi[4], pi[5]])).toEqual([
    0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1,
  ]);
});

test("elements beyond 2³¹ are numbered without sign", () => {
  const element = ones - 1; // word 2 of the last block
  const block = philoxBlock([ones >>> 2, 0, 1, 2], [3, 4]);
  expect(jsMath.philox(3, 4, 1, 2, element)).toBe(block[2]);
});

test("a seed is a whole number", () => {
  for (const seed of [0.5, -1, 2 ** 53, Number.NaN])
    expect(() => new Rng(seed)).toThrow(
      new DTypeError(`Rng(seed): expected a whole number below 2⁵³, got ${seed}`),
    );
});

describeRandom("js", 50);
describeRandom("wasm", 50);
