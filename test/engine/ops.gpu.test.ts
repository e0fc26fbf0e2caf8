import { describe, expect, test } from "vitest";
import { type DType, range, tensor } from "../../src/index.ts";
import { useDevice } from "../helpers/backends.ts";
import { count, reduce } from "../helpers/oracle.ts";

useDevice("webgpu");

test("cast clamps to the range of the integer, not to the greatest f32 within it", async () => {
  const x = tensor([3e9, -3e9, 5e9, 2147483520]);
  expect([...(await x.cast("i32").data())]).toEqual([
    2147483647, -2147483648, 2147483647, 2147483520,
  ]);
  expect([...(await x.cast("u32").data())]).toEqual([3e9, 0, 4294967295, 2147483520]);
});

// long enough to be split over lanes, which small random shapes are not
describe.each([
  { shape: [3, 5000], axes: [1] },
  { shape: [5000, 3], axes: [0] },
  { shape: [7, 60, 5, 30], axes: [1, 3] },
  { shape: [60, 7, 30, 5], axes: [0, 2] },
  { shape: [20011], axes: [0] },
  { shape: [131, 77], axes: [0, 1] },
])("$shape reduced over $axes", ({ shape, axes }) => {
  const length = count(shape);
  const whole = Int32Array.from({ length }, (_, i) => ((i * 7919) % 20011) - 9000);
  const expected = (op: string, dtype: DType) =>
    reduce(op, { shape, dtype, data: [...whole] }, axes, false).data;

  test.each(["sum", "max", "min"] as const)("%s of integers is exact", async (op) => {
    const y = tensor(whole, shape)[op]({ axes });
    expect([...(await y.data())]).toEqual(expected(op, "i32"));
  });

  test("the sum of what is computed on the way is near", async () => {
    const x = tensor(whole, shape).cast("f32").div(16);
    const y = await x.mul(2).sub(x).sum({ axes, keepAxes: true }).data();
    // 20011 numbers below 700, each rounded once on its way through a tree of sums
    for (const [i, sum] of expected("sum", "f32").entries())
      expect(Math.abs(y[i]! - sum / 16)).toBeLessThan(length * 700 * 2 ** -23);
  });
});

test("more elements than one row of workgroups are all computed", async () => {
  const size = 65_535 * 64 + 1001; // one invocation each, in groups of at most 64
  const y = await range(size, "u32").add(1).data();
  const wrong = y.findIndex((value, i) => value !== i + 1);
  expect({ length: y.length, wrong }).toEqual({ length: size, wrong: -1 });
});

test("more operands than a launch can bind are split over launches", async () => {
  const terms = Array.from({ length: 40 }, (_, i) => tensor([i, 2 * i, 3 * i]));
  const sum = terms.reduce((a, b) => a.add(b));
  expect([...(await sum.data())]).toEqual([780, 1560, 2340]);
});

test("log of 0 is −∞, of a negative number NaN, and ∞ and NaN stay", async () => {
  const x = tensor([0, -0, -1, -1e-30, Number.POSITIVE_INFINITY, Number.NaN]);
  const [low, high, none] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, Number.NaN];
  expect([...(await x.log().data())]).toEqual([low, low, none, none, high, none]);
  expect([...(await tensor([-1, -2]).log1p().data())]).toEqual([low, none]);
  expect([
    ...(await tensor([-8, -8])
      .pow(tensor([3, 0.5]))
      .data()),
  ]).toEqual([expect.closeTo(-512, 2), none]);
});
