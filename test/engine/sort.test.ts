import { expect, test } from "vitest";
import { argsort, cumsum, DTypeError, ShapeError, searchSorted, zeros } from "../../src/index.ts";
import { describeSorts } from "../helpers/sortProperties.ts";

describeSorts("js", 20);
describeSorts("wasm", 10);

test("orders are of one axis of numbers", () => {
  expect(() => argsort(zeros([2, 2]))).toThrow(new ShapeError("argsort: expected [E], got [2, 2]"));
  expect(() => argsort(zeros([2], "bool"))).toThrow(DTypeError);
  expect(() => cumsum(zeros([2], "bool"))).toThrow(DTypeError);
  expect(() => searchSorted(zeros([2]), zeros([2], "u32"))).toThrow(DTypeError);
  expect(() => searchSorted(zeros([2]), zeros([2, 1]))).toThrow(
    new ShapeError("searchSorted(values): expected one axis, got [2, 1]"),
  );
});
