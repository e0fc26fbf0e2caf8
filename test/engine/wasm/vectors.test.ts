/** Sizes beyond the unrolled loops of vectors, and every way in which elements may lie apart. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  concat,
  gather,
  indices,
  range,
  segmentSum,
  segmentsOf,
  type Tensor,
} from "../../../src/index.ts";
import { openDevice } from "../../../src/node/open.ts";
import { useDevice } from "../../helpers/backends.ts";
import { randomGraph } from "../../helpers/graphs.ts";
import { accuracies, check } from "../../helpers/samples.ts";

describe("on long axes", () => {
  useDevice("wasm");
  test.each(["f32", "i32", "u32"] as const)("random graphs of %s equal the oracle", (dtype) =>
    fc.assert(
      fc.asyncProperty(
        fc.nat(),
        fc.integer({ min: 1, max: 10 }),
        fc.array(fc.integer({ min: 4, max: 37 }), { minLength: 2, maxLength: 2 }),
        (structure, steps, sizes) =>
          check(randomGraph(structure, { dtype, steps, sizes }), accuracies.wasm),
      ),
      { numRuns: 40, seed: 5 },
    ),
  );
});

const x = (rows: number, columns: number) => range(rows * columns, "f32").reshape([rows, columns]);
const ways: Record<string, () => Tensor> = {
  "a transposed operand": () => x(37, 21).permute([1, 0]).add(x(21, 37)),
  "a row for all": () => x(21, 37).add(range(37, "f32")),
  "a column for all": () => x(21, 37).add(range(21, "f32").reshape([21, 1])),
  "every other element, backwards": () =>
    x(21, 37)
      .slice([null, [36, -1, -2]])
      .mul(2),
  "columns of several tensors": () => concat([x(21, 5), x(21, 33)], 1).add(1),
  "rows by number": () => gather(x(21, 37), indices([20, 0, 3, 3, 7])).mul(3),
  "a padded row": () =>
    x(3, 37)
      .pad([
        [1, 0],
        [2, 3],
      ])
      .add(1),
  "elements in another shape": () => x(21, 37).reshape([37, 21]).add(x(37, 21).sqrt().floor()),
  "the sum of rows": () => x(21, 37).sum({ axes: 1 }),
  "the sum of columns": () => x(21, 37).sum({ axes: 0 }),
  "the sum of everything": () => x(21, 37).sum(),
  "the greatest of rows": () => x(21, 37).sub(400).abs().max({ axes: 1 }),
  "the least of integers": () => x(21, 37).cast("i32").sub(400).min({ axes: 1 }),
  "segments of rows": () =>
    segmentSum(
      x(21, 37),
      segmentsOf(indices(Array.from({ length: 21 }, (_, i) => (7 * i) % 5)), 6),
    ),
  "segments of numbers": () =>
    segmentSum(
      range(210, "f32"),
      segmentsOf(indices(Array.from({ length: 210 }, (_, i) => (7 * i) % 5)), 6),
    ),
};

test.each(Object.keys(ways))("%s: the numbers of the oracle, to the last bit", async (name) => {
  const [got, wanted] = [await on("wasm", ways[name]!), await on("js-f64", ways[name]!)];
  expect(got).toEqual(wanted.map(Math.fround)); // whole numbers, or one rounded function of them
});

async function on(backend: "wasm" | "js-f64", way: () => Tensor): Promise<number[]> {
  const device = await openDevice({ backend });
  const data = [...(await way().data())];
  await device.close();
  return data;
}
