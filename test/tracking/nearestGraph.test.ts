import { expect, test } from "vitest";
import { ShapeError } from "../../src/engine/errors.ts";
import { oneOf, randomFrom, whole } from "../../src/testing/index.ts";
import {
  consecutiveEdges,
  edgeWeights,
  layerwiseEdges,
  modulewiseEdges,
  nearestGraph,
} from "../../src/tracking/index.ts";

const random = randomFrom(2);
const pairs = ({ source, target }: { source: ArrayLike<number>; target: ArrayLike<number> }) =>
  Array.from(source, (from, e) => `${from}→${target[e]}`);

/** Every pair, angles the short way round. */
function bruteForce(
  points: readonly (readonly number[])[],
  { k, radius, period, self }: { k: number; radius: number; period: number; self: boolean },
): string[] {
  const squared = (a: readonly number[], b: readonly number[]) =>
    a.reduce((sum, x, d) => {
      const apart = Math.abs(x - b[d]!);
      return sum + (d === 0 ? Math.min(apart, period - apart) : apart) ** 2;
    }, 0);
  return points.flatMap((point, target) =>
    points
      .map((other, source) => ({ source, distance: Math.sqrt(squared(point, other)) }))
      .filter(({ source, distance }) => (self || source !== target) && distance <= radius)
      .sort((a, b) => a.distance - b.distance || a.source - b.source)
      .slice(0, k)
      .map(({ source }) => `${source}→${target}`),
  );
}

test("edges come from the nearest, also across the end of a period, within a radius", () => {
  for (let round = 0; round < 60; round++) {
    const isPeriodic = round % 2 === 0;
    const period = isPeriodic ? 2 * Math.PI : Infinity;
    const dim = whole(random, 1, 3);
    const draw = (d: number) =>
      isPeriodic ? (d === 0 ? (2 * random() - 1) * Math.PI : random()) : whole(random, -2, 2);
    const points = Array.from({ length: oneOf(random, [1, 2, 7, 40]) }, () =>
      Array.from({ length: dim }, (_, d) => draw(d)),
    );
    const k = oneOf(random, [1, 3, 8, 60]);
    const [radius, self] = [oneOf(random, [Infinity, 1, 0]), random() < 0.5];
    const periods = isPeriodic ? [period] : [];
    const cloud = { data: points.flat(), numPoints: points.length, dim };
    const graph = nearestGraph(cloud, { k, radius, periods, self });
    expect(pairs(graph), JSON.stringify({ points, k, radius, self })).toEqual(
      bruteForce(points, { k, radius, period, self }),
    );
  }
});

test("a graph of nothing, and what is no graph", () => {
  expect(nearestGraph({ data: [], numPoints: 0, dim: 2 }, { k: 3 }).source).toHaveLength(0);
  const one = { data: [1, 2], numPoints: 1, dim: 2 };
  expect(nearestGraph(one, { k: 3 }).source).toHaveLength(0);
  expect(() => nearestGraph(one, { k: 0 })).toThrow(ShapeError);
  expect(() => nearestGraph(one, { k: 1, radius: -1 })).toThrow(ShapeError);
  expect(() => nearestGraph(one, { k: 1, periods: [null, null, 3] })).toThrow(ShapeError);
});

// particle 2 crosses layers 1, 2, 2, 3 from the outside in; particle 1 has two hits on one module
const hits = {
  particle: [2, 2, 2, 2, 0, 1, 1, 1, 3],
  distance: [4, 3, 2.5, 1, 0, 5, 6, 7, Number.NaN],
  layer: [3, 2, 2, 1, 1, 1, 1, 2, 1],
  module: [9, 8, 7, 6, 5, 4, 4, 3, 2],
};

test("true edges follow a particle from its vertex", () => {
  expect(pairs(consecutiveEdges(hits))).toEqual(["3→2", "2→1", "1→0", "5→6", "6→7"]);
  expect(pairs(modulewiseEdges(hits))).toEqual(["3→2", "2→1", "1→0", "5→7"]);
  expect(pairs(layerwiseEdges(hits))).toEqual(["5→7", "6→7", "3→2", "3→1", "2→0", "1→0"]);
  expect(() => layerwiseEdges({ ...hits, layer: [1] })).toThrow(
    new ShapeError("layerwiseEdges(layer): expected [9], like particle, got [1]"),
  );
});

test("edge weights have mean 1", () => {
  const edges = { source: [0, 1], target: [1, 2] };
  expect([...edgeWeights(edges, [1, 1, 5])]).toEqual([0.5, 1.5]);
});

test("a graph of one point has no edges, of points that are nowhere there is none", () => {
  const one = nearestGraph({ data: [1, 2], numPoints: 1, dim: 2 }, { k: 3 });
  expect(pairs(one)).toEqual([]);
  const same = nearestGraph({ data: [1, 1, 1], numPoints: 3, dim: 1 }, { k: 5 });
  expect(pairs(same)).toEqual(["1→0", "2→0", "0→1", "2→1", "0→2", "1→2"]);
  const lost = { data: [0, Number.NaN, 1, 1], numPoints: 2, dim: 2 };
  expect(() => nearestGraph(lost, { k: 1 })).toThrow(
    new ShapeError("nearestGraph(points): expected finite numbers, got 1 rows without"),
  );
});
