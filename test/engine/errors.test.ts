/** What misuse says: `where: expected …, got … (why)`. */
import { describe, expect, test } from "vitest";
import {
  attention,
  concat,
  DTypeError,
  gather,
  indices,
  layerNorm,
  matmul,
  ones,
  openDevice,
  Rng,
  ShapeError,
  softmax,
  tensor,
  zeros,
} from "../../src/index.ts";

const x = ones([2, 3]);
const i = zeros([2, 3], "i32");
const bool = zeros([2, 3], "bool");

const shapeErrors: Record<string, () => unknown> = {
  "add: expected shapes that broadcast, got [2, 3] and [4] (3 against 4)": () => x.add(ones([4])),
  "tensor: expected 6 elements for [2, 3], got 5": () => tensor([1, 2, 3, 4, 5], [2, 3]),
  "tensor(shape): expected sizes ≥ 0, got [-1, 2]": () => tensor([], [-1, 2]),
  "reshape: expected a shape of 6 elements, got [4, -1] (from [2, 3])": () => x.reshape([4, -1]),
  "permute: expected each of 2 axes once, got [0, 0]": () => x.permute([0, 0]),
  "transpose(axis): expected −2…1, got 2": () => x.transpose(0, 2),
  "expand: expected a shape that [2, 3] broadcasts to, got [1, 3]": () => x.expand([1, 3]),
  "slice: expected a range within 0…3 of axis 1, got 0…4 step 1": () => x.slice([null, [0, 4]]),
  "slice: expected at most 2 ranges, got 3": () => x.slice([null, null, null]),
  "pad: expected 2 pairs of widths ≥ 0, got [[1,-1],[0,0]]": () =>
    x.pad([
      [1, -1],
      [0, 0],
    ]),
  "sum(axis): expected −2…1, got 5": () => x.sum({ axes: 5 }),
  "sum(axes): expected distinct axes, got [1, -1]": () => x.sum({ axes: [1, -1] }),
  "max: expected elements to compare, got [2, 0]": () => ones([2, 0]).max({ axes: 1 }),
  "mean: expected elements to average, got [0, 3]": () => ones([0, 3]).mean(),
  "concat: expected f32 [2, 3] but for axis 1, got f32 [3, 3]": () => concat([x, ones([3, 3])], 1),
  "concat: expected at least one tensor, got none": () => concat([]),
  "gather(rows): expected rows below 2, got 2": () => gather(x, indices([0, 2])),
  "matmul: expected […, M, K] and […, K, N], got [2, 3] and [2, 3]": () => matmul(x, x),
  "matmul: expected […, M, K] and […, K, N], got [2, 3]ᵀ and [3, 3]": () =>
    matmul(x, ones([3, 3]), { transposeA: true }),
  "layerNorm: expected weight and bias [3], got [2]": () => layerNorm(x, ones([2]), ones([3])),
  "attention(qkv): expected [B, N, 3, H, D] with D ≥ 1, got [2, 3]": () => attention(x, bool),
  "softmax(axis): expected −2…1, got 2": () => softmax(x, 2),
};

const dtypeErrors: Record<string, () => unknown> = {
  "add: expected operands of one dtype, got f32 and i32 (use cast)": () => x.add(i),
  "exp: expected f32, got i32 (cast it first)": () => i.exp(),
  'not: expected bool, got f32 (use cast("bool"))': () => x.not(),
  "sum: expected f32 or i32 or u32, got bool (cast it first)": () => bool.sum(),
  "mean: expected f32, got i32 (cast it first)": () => i.mean(),
  'select(condition): expected bool, got f32 (use cast("bool"))': () => x.select(x, x),
  'gather(rows): expected u32 or i32, got f32 (use cast("u32"))': () => gather(x, ones([2])),
  "matmul(b): expected f32, got i32 (cast it first)": () => matmul(x, i, { transposeB: true }),
  'mul: expected a whole number of -2147483648…2147483647 beside i32, got 0.5 (use cast("f32"))':
    () => i.mul(0.5),
  'sub: expected a whole number of 0…4294967295 beside u32, got -1 (use cast("f32"))': () =>
    new Rng(1).bits([2]).sub(-1),
  'pad(fill): expected a whole number of -2147483648…2147483647 beside i32, got NaN (use cast("f32"))':
    () =>
      i.pad(
        [
          [1, 1],
          [0, 0],
        ],
        Number.NaN,
      ),
};

describe("ShapeError", () => {
  test.each(Object.entries(shapeErrors))("%s", (message, misuse) => {
    expect(misuse).toThrow(new ShapeError(message));
  });
  test("item: expected one element, got [2, 3]", async () => {
    await expect(x.item()).rejects.toThrow(
      new ShapeError("item: expected one element, got [2, 3]"),
    );
  });
});

describe("DTypeError", () => {
  test.each(Object.entries(dtypeErrors))("%s", (message, misuse) => {
    expect(misuse).toThrow(new DTypeError(message));
  });
  test("tensors of two devices do not mix", async () => {
    const [a, b] = await Promise.all([
      openDevice({ backend: "js" }),
      openDevice({ backend: "js-f64" }),
    ]);
    const on = (device: typeof a) => tensor([1], [1], { device });
    expect(() => on(a).add(on(b))).toThrow(
      new DTypeError(
        "tensor: expected operands of one device, got Device js (generated JavaScript) and Device js (generated JavaScript, double precision)",
      ),
    );
    await Promise.all([a.close(), b.close()]);
  });
});
