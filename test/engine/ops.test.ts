import { expect, test } from "vitest";
import { tensor } from "../../src/index.ts";
import { useDevice } from "../helpers/backends.ts";

useDevice("js");

test("cast cuts towards zero, clamps to the range and keeps the bits of integers", async () => {
  const x = tensor([1.9, -1.9, 3e9, -3e9]);
  expect([...(await x.cast("i32").data())]).toEqual([1, -1, 2147483647, -2147483648]);
  expect([...(await x.cast("u32").data())]).toEqual([1, 0, 3e9, 0]);
  expect([...(await tensor(Int32Array.of(-1)).cast("u32").data())]).toEqual([4294967295]);
  expect([...(await tensor([0, 0.5]).cast("bool").cast("f32").data())]).toEqual([0, 1]);
});
