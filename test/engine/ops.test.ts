import { expect, test } from "vitest";
import { segmentMax, segmentsOf } from "../../src/engine/segments.ts";
import { concat, indices, range, tensor, zeros } from "../../src/index.ts";
import { useDevice } from "../helpers/backends.ts";

useDevice("js");

test("cast cuts towards zero, clamps to the range and keeps the bits of integers", async () => {
  const x = tensor([1.9, -1.9, 3e9, -3e9]);
  expect([...(await x.cast("i32").data())]).toEqual([1, -1, 2147483647, -2147483648]);
  expect([...(await x.cast("u32").data())]).toEqual([1, 0, 3e9, 0]);
  expect([...(await tensor(Int32Array.of(-1)).cast("u32").data())]).toEqual([4294967295]);
  expect([...(await tensor([0, 0.5]).cast("bool").cast("f32").data())]).toEqual([0, 1]);
});

test("an axis of size 1 that is computed, not stored, is repeated like any other", async () => {
  const one = range(1).add(1); // [1]
  const sum = one.add(tensor(Int32Array.of(0, 10, 20), [1, 3])); // [1, 3]
  expect([...(await sum.data())]).toEqual([1, 11, 21]);
  const both = concat([one, range(3)]); // computed at several indices
  expect([...(await both.data())]).toEqual([1, 0, 1, 2]);
});

test("a number equals the same number stored in f32", async () => {
  const x = tensor(Float32Array.of(0.1, 0.2));
  expect([...(await x.equal(0.1).data())]).toEqual([1, 0]);
});

test("no rows have no maxima, which is not an error", async () => {
  expect([...(await zeros([0, 3]).max({ axes: 1 }).data())]).toEqual([]);
  expect([...(await zeros([0, 3]).argmax().data())]).toEqual([]);
  expect(zeros([0, 3]).mean({ axes: 1 }).shape).toEqual([0]);
});

test("the same program of another dtype reads its memory as that dtype", async () => {
  expect([
    ...(await tensor([1.5, -1])
      .less(tensor([1, 0]))
      .data()),
  ]).toEqual([0, 1]);
  const [x, y] = [Uint32Array.of(2 ** 31, 1), Uint32Array.of(1, 2)].map((data) => tensor(data));
  expect([...(await x!.less(y!).data())]).toEqual([0, 1]);
});

test("the maximum of an empty segment is the least f32, not −∞, on every backend", async () => {
  const segments = segmentsOf(indices([0]), 2);
  const least = -3.4028234663852886e38;
  expect([...(await segmentMax(tensor([5]), segments).data())]).toEqual([5, least]);
});
