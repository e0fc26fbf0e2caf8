import fc from "fast-check";
import { expect, test } from "vitest";
import { kMeans, type Points } from "../../../src/tracking/clustering/index.ts";
import { clouds, pointsOf } from "./points.ts";

test("two piles find their means", () => {
  const { labels, centres, inertia } = kMeans(pointsOf([0, 2, 10, 12], 1), pointsOf([0, 1], 1));
  expect([[...labels], [...centres], inertia]).toEqual([[0, 0, 1, 1], [1, 11], 4]);
});

test("a point between two centres goes to the first", () => {
  const points = pointsOf([0, 1, 2], 1);
  expect([...kMeans(points, pointsOf([0, 2], 1), { maxIterations: 1 }).labels]).toEqual([0, 0, 1]);
});

test("a centre that no point is near moves to the farthest point", () => {
  const points = pointsOf([0, 1, 2, 50], 1);
  const { labels, centres } = kMeans(points, pointsOf([1, 1000], 1));
  expect([[...labels], [...centres]]).toEqual([
    [0, 0, 0, 1],
    [1, 50],
  ]);
});

test("more centres than distinct points leave some where they were", () => {
  const { labels, centres, inertia } = kMeans(pointsOf([3, 3, 3], 1), pointsOf([3, 7, 8], 1));
  expect([[...labels], [...centres], inertia]).toEqual([[0, 0, 0], [3, 7, 8], 0]);
});

test("no points have no labels, and leave the centres alone", () => {
  const { labels, centres, inertia } = kMeans(pointsOf([], 2), pointsOf([1, 2], 2));
  expect([[...labels], [...centres], inertia]).toEqual([[], [1, 2], 0]);
});

test("no step makes the clusters wider, and every label is that of a nearest centre", () => {
  fc.assert(
    fc.property(clouds, fc.integer({ min: 1, max: 9 }), (points, k) => {
      const { data, dim, numPoints } = points;
      const numCentres = Math.min(k, numPoints);
      const start = pointsOf(Array.from(data).slice(0, numCentres * dim), dim);
      const square = (row: number, centres: Float64Array, c: number) => {
        let sum = 0;
        for (let d = 0; d < dim; d++) sum += (data[row * dim + d]! - centres[c * dim + d]!) ** 2;
        return sum;
      };
      let before = Infinity;
      for (const maxIterations of [1, 2, 4, 300]) {
        const { labels, centres, inertia } = kMeans(points, start, { maxIterations });
        expect(inertia).toBeLessThanOrEqual(before * (1 + 1e-12)); // sums round
        before = inertia;
        labels.forEach((label, row) => {
          const squares = [...Array(numCentres).keys()].map((c) => square(row, centres, c));
          expect(label).toBe(squares.indexOf(Math.min(...squares)));
        });
      }
    }),
    { numRuns: 40 },
  );
});

test("says what is wrong with its arguments", () => {
  const call = (points: Points, centres: Points) => () => kMeans(points, centres);
  const one = pointsOf([1], 1);
  expect(call(one, pointsOf([1, 2], 2))).toThrow("kMeans(centres): expected [1 or more, 1]");
  expect(call(one, pointsOf([], 1))).toThrow("got [0, 1]");
  expect(call(pointsOf([Number.NaN], 1), one)).toThrow("kMeans(points): expected finite numbers");
});
