import { expect, test } from "vitest";
import { tensor } from "../../src/index.ts";
import { useDevice } from "../helpers/backends.ts";

useDevice("webgpu");

test("cast clamps to the range of the integer, not to the greatest f32 within it", async () => {
  const x = tensor([3e9, -3e9, 5e9, 2147483520]);
  expect([...(await x.cast("i32").data())]).toEqual([
    2147483647, -2147483648, 2147483647, 2147483520,
  ]);
  expect([...(await x.cast("u32").data())]).toEqual([3e9, 0, 4294967295, 2147483520]);
});
