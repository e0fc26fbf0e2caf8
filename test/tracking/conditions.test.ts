import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { type Condition, rowsThatMeet } from "../../src/tracking/conditions.ts";

const values = [-2, 0, 0.5, 1, 3, Number.POSITIVE_INFINITY, Number.NaN];
const rows = (condition: Condition, column: ArrayLike<number | bigint> = values) =>
  [...rowsThatMeet({ x: condition }, { x: column }, column.length)].flatMap((isMet, row) =>
    isMet ? [column[row]] : [],
  );

describe("conditions", () => {
  test("every form, with ends included and NaN in no range", () => {
    expect(rows([0, 1])).toEqual([0, 0.5, 1]);
    expect(rows([1, Number.POSITIVE_INFINITY])).toEqual([1, 3, Number.POSITIVE_INFINITY]);
    expect(rows(["within", [0, 1]])).toEqual([0, 0.5, 1]);
    expect(rows(["not_within", [0, 1]])).toEqual([-2, 3, Number.POSITIVE_INFINITY]);
    expect(rows(["in", [3, 0]])).toEqual([0, 3]);
    expect(rows(["not_in", [3, 0]])).toEqual([-2, 0.5, 1, Number.POSITIVE_INFINITY, Number.NaN]);
    expect(rows(true)).toEqual([1]);
    expect(rows(3)).toEqual([3]);
    expect(rows(["is", 0])).toEqual([0]);
    expect(rows(["is_not", 0])).toHaveLength(6);
  });

  test("64-bit identifiers are compared exactly", () => {
    const ids = BigUint64Array.of(4503668346847232n, 4503668346847233n, 0n);
    expect(rows(["in", [4503668346847233n]], ids)).toEqual([4503668346847233n]);
    expect(rows(["not_in", [0]], ids)).toHaveLength(2);
    expect(rows(["is", 0.5], ids)).toEqual([]);
  });

  test.prop([
    fc.array(fc.double({ min: -5, max: 5 }), { maxLength: 20 }),
    fc.array(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: 4, maxLength: 4 }),
  ])("several hold together, in any order", (column, [a, b, c, d]) => {
    const both = { x: [a, b], y: ["not_within", [c, d]] } as const;
    const table = { x: column, y: column };
    const met = rowsThatMeet(both, table, column.length);
    const [first, second] = [{ x: both.x }, { y: both.y }].map((one) =>
      rowsThatMeet(one, table, column.length),
    );
    expect(met).toEqual(first.map((isMet, row) => isMet & second[row]));
    expect(rowsThatMeet({ y: both.y, x: both.x }, table, column.length)).toEqual(met);
  });

  test("a missing column and an unknown form are named", () => {
    expect(() => rowsThatMeet({ pt: [0, 1] }, { x: values }, values.length)).toThrow(
      "conditions: expected a column pt of 7 rows, got none (of x)",
    );
    for (const wrong of [["between", [0, 1]], [0], "1", null, [0, 1, 2], ["in", 3]])
      expect(() => rows(wrong as unknown as Condition)).toThrow(
        /conditions\(x\): expected a value/,
      );
  });
});
