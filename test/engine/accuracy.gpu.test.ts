/** How exact the functions of codegen/wgsl/math.ts are, over all of their ranges, and what they do with NaN. */
import { describe, expect, test } from "vitest";
import { jsMath } from "../../src/engine/codegen/math.ts";
import { binary, type ElementwiseOp, unary } from "../../src/engine/ops/elementwise.ts";
import { type Tensor, tensor } from "../../src/index.ts";
import { useDevice } from "../helpers/backends.ts";

useDevice("webgpu");

const numPoints = 20_000;
type Points = Float32Array;

const evenly = (low: number, high: number): Points =>
  Float32Array.from({ length: numPoints }, (_, i) => low + ((high - low) * i) / (numPoints - 1));

/** low … high in equal ratios, and their negatives. */
const bothSigns = (low: number, high: number): Points => {
  const powers = evenly(Math.log(low), Math.log(high)).map(Math.exp);
  return Float32Array.of(...powers, ...powers.map((x) => -x));
};
const positive = (low: number, high: number): Points => bothSigns(low, high).subarray(0, numPoints);

interface Claim {
  op: "log" | "log1p" | "expm1" | "tanh" | "erf" | "sin" | "cos";
  over: string;
  points: Points;
  of: (x: number) => number;
  /** Largest error, relative to |y|, or absolute where the function passes zero between two f32. */
  relative?: number;
  absolute?: number;
}

/** What the comments of codegen/wgsl/math.ts claim; twice what two software adapters were seen to do. */
const claims: Claim[] = [
  { op: "log", over: "10⁻³⁷…10³⁷", points: positive(1e-37, 1e37), of: Math.log, relative: 2.5e-7 },
  { op: "log", over: "½…2", points: evenly(0.5, 2), of: Math.log, relative: 2.5e-7 },
  { op: "log1p", over: "small", points: bothSigns(1e-30, 0.99), of: Math.log1p, relative: 4e-7 },
  { op: "log1p", over: "large", points: positive(1, 1e30), of: Math.log1p, relative: 4e-7 },
  { op: "expm1", over: "±1", points: bothSigns(1e-30, 1), of: Math.expm1, relative: 2e-6 },
  { op: "expm1", over: "−80…−1", points: evenly(-80, -1), of: Math.expm1, relative: 2e-6 },
  { op: "tanh", over: "small", points: bothSigns(1e-30, 1), of: Math.tanh, relative: 2.5e-6 },
  { op: "tanh", over: "±90", points: evenly(-90, 90), of: Math.tanh, relative: 2.5e-6 },
  { op: "erf", over: "small", points: bothSigns(1e-30, 1), of: jsMath.erf, relative: 2e-6 },
  { op: "erf", over: "±9", points: evenly(-9, 9), of: jsMath.erf, relative: 2e-6 },
  { op: "sin", over: "±10⁴", points: evenly(-1e4, 1e4), of: Math.sin, absolute: 2e-7 },
  { op: "cos", over: "±10⁴", points: evenly(-1e4, 1e4), of: Math.cos, absolute: 2e-7 },
];

test.each(claims)("$op over $over", async ({ op, points, of, relative = 0, absolute = 0 }) => {
  const y = await tensor(points)[op]().data();
  for (const [i, x] of points.entries()) {
    const want = of(x);
    const bound = relative * Math.abs(want) + absolute;
    if (!(Math.abs(y[i]! - want) <= bound))
      throw new Error(`${op}(${x}): expected ${want} ± ${bound}, got ${y[i]}`);
  }
});

test("atan2 at all angles and ratios, to 5e-7 of its value", async () => {
  const ratios = positive(1e-15, 1e15);
  const [y, x] = [new Float32Array(8 * 999), new Float32Array(8 * 999)];
  for (let i = 0; i < y.length; i++) {
    const [ratio, scale] = [ratios[(i * 7919) % numPoints]!, ratios[(i * 104729) % numPoints]!];
    y[i] = (i & 1 ? 1 : -1) * (i & 4 ? ratio : 1) * scale;
    x[i] = (i & 2 ? 1 : -1) * (i & 4 ? 1 : ratio) * scale;
  }
  const angles = await tensor(y).atan2(tensor(x)).data();
  for (const [i, angle] of angles.entries()) {
    const want = Math.atan2(y[i]!, x[i]!);
    if (!(Math.abs(angle - want) <= 5e-7 * Math.abs(want)))
      throw new Error(`atan2(${y[i]}, ${x[i]}): expected ${want}, got ${angle}`);
  }
});

describe("a NaN stays one", () => {
  const ofFloats = (table: Readonly<Record<string, ElementwiseOp>>) =>
    Object.entries(table)
      .filter(([, { takes, gives = "f32" }]) => takes.includes("f32") && gives === "f32")
      .map(([op]) => op);
  /** By bits: of either sign, as computations leave them. */
  const bitsOf = (y: ArrayLike<number>) => new Uint32Array(Float32Array.from(y).buffer);
  const isNan = (bits: number) => (bits & 0x7fffffff) >>> 0 > 0x7f800000;
  const nans = () => {
    const x = new Float32Array(4);
    new Uint32Array(x.buffer).set([0x7fc00000, 0xffc00000, 0x7f800001, 0x7fffffff]);
    return tensor(x);
  };

  test.each(ofFloats(unary))("in %s", async (op) => {
    const y = await nans()[op as keyof typeof unary]().data();
    expect([...bitsOf(y)].map(isNan)).toEqual([true, true, true, true]);
  });

  test.each(ofFloats(binary))("in %s, on either side", async (op) => {
    const name = op as keyof typeof binary;
    for (const y of [nans()[name](2), tensor([2]).expand([4])[name](nans())] as Tensor[])
      expect([...bitsOf(await y.data())].map(isNan)).toEqual([true, true, true, true]);
  });

  test.each(["sum", "max", "min"] as const)("in the %s of many", async (op) => {
    const x = new Float32Array(5000).fill(1);
    x[777] = Number.NaN;
    expect([...(await tensor(x)[op]().data())].map(Number.isNaN)).toEqual([true]);
    expect(await tensor(x.fill(1))[op]().item()).toBe(op === "sum" ? 5000 : 1);
  });
});
