import { expect, test } from "vitest";
import { ShapeError, tensor } from "../../src/index.ts";
import { assertClose } from "../../src/testing/index.ts";

test("assertClose names the worst element, where it is, and both values", async () => {
  const wanted = tensor([1, 2, 3, 4], [2, 2]);
  await expect(assertClose(tensor([1, 2.5, 3, 6], [2, 2]), wanted, 0.01)).rejects.toThrow(
    "assertClose: expected 4 ± 0.04 at [1, 1], got 6 (2 of 4 elements are off, this one most)",
  );
  await assertClose(tensor([1, 2, 3.02, 4], [2, 2]), wanted, 0.01); // relative above 1
});

test("assertClose compares arrays and tensors", async () => {
  await assertClose([1, 2], Float32Array.of(1, 2), 0);
  await assertClose(tensor([1, 2]), [1, 2], 0);
  await expect(assertClose([1], [1, 2], 1)).rejects.toThrow(
    new ShapeError("assertClose: expected [2], got [1]"),
  );
  await expect(assertClose(tensor([1, 2], [2, 1]), tensor([1, 2]), 1)).rejects.toThrow(ShapeError);
});

test("NaN is close to NaN, an infinity to itself, and neither to a number", async () => {
  const odd = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  await assertClose(odd, odd, 0);
  for (const [actual, expected] of [
    [Number.NaN, 1],
    [1, Number.NaN],
    [Number.POSITIVE_INFINITY, 1],
    [1, Number.POSITIVE_INFINITY],
    [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
  ])
    await expect(assertClose([actual], [expected], 1e9)).rejects.toThrow("assertClose");
});
