import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { randomFrom } from "../../../src/testing/random.ts";
import { boruvka } from "../../../src/tracking/clustering/boruvka.ts";
import { byRow, neighborhoods } from "../../../src/tracking/clustering/coreDistances.ts";
import { type KdTree, kdTree } from "../../../src/tracking/clustering/kdTree.ts";
import { type MetricName, metricOf, metrics } from "../../../src/tracking/clustering/metrics.ts";
import { kNearest } from "../../../src/tracking/clustering/nearest.ts";
import { distancesBetween, prim } from "../../../src/tracking/clustering/prim.ts";
import { clouds, pointsOf, wideClouds } from "./points.ts";

const names = fc.constantFrom(...(Object.keys(metrics) as MetricName[]));
const treeOf = (data: Float64Array, dim: number, name: MetricName) =>
  kdTree(data, dim, metricOf(name, 3));

/** [Q][N] distances from every query to every row of data. */
function allDistances({ metric, dim }: KdTree, data: Float64Array, queries: Float64Array) {
  const out = new Float64Array(data.length / dim);
  return Array.from({ length: queries.length / dim }, (_, q) => {
    metric.toRun({ data: queries, at: q * dim, dim }, data, 0, out.length, out);
    return Array.from(out, (reduced) => metric.distance(reduced));
  });
}

/** Ascending weights of the tree that all edges, sorted, give under mutual reachability. */
function kruskalWeights(distances: number[][], k: number): number[] {
  const core = distances.map((row) => [...row].sort((a, b) => a - b)[k]!);
  const edges = distances.flatMap((row, i) =>
    row.slice(0, i).map((d, j) => [Math.max(d, core[i]!, core[j]!), i, j] as const),
  );
  const component = [...core.keys()];
  const weights: number[] = [];
  for (const [w, i, j] of edges.sort(([a], [b]) => a - b)) {
    const [a, b] = [component[i], component[j]];
    if (a === b) continue;
    weights.push(w);
    for (const [x, c] of component.entries()) if (c === b) component[x] = a!;
  }
  return weights;
}

describe("kNearest", () => {
  test("equals sorting all distances, lower rows first", () => {
    fc.assert(
      fc.property(wideClouds, clouds, names, fc.nat({ max: 12 }), (points, others, name, extra) => {
        const data = Float64Array.from(points.data);
        const numQueries = Math.floor(others.data.length / points.dim);
        const queries = Float64Array.from(others.data).slice(0, numQueries * points.dim);
        const tree = treeOf(data, points.dim, name);
        const k = Math.min(1 + extra, points.numPoints);
        const { rows, distances } = kNearest(tree, queries, k);
        allDistances(tree, data, queries).forEach((row, q) => {
          const sorted = [...row.keys()].sort((a, b) => row[a]! - row[b]! || a - b).slice(0, k);
          expect([...distances.subarray(q * k, (q + 1) * k)]).toEqual(sorted.map((i) => row[i]));
          // roots of different squares may be equal, so only squares settle who comes first
          if (metricOf(name).reduced(2) === 2)
            expect([...rows.subarray(q * k, (q + 1) * k)]).toEqual(sorted);
        });
      }),
      { numRuns: 60 },
    );
  });

  test("refuses more neighbors than there are points", () => {
    const tree = kdTree(new Float64Array(4), 2, metricOf("euclidean"));
    expect(() => kNearest(tree, Float64Array.of(0, 0), 3)).toThrow(
      "kNearest(k): expected an integer 1 … 2, got 3",
    );
  });

  test("finds each of many identical points, lowest rows first", () => {
    const tree = kdTree(new Float64Array(600), 2, metricOf("euclidean"));
    expect([...kNearest(tree, Float64Array.of(0, 0), 4).rows]).toEqual([0, 1, 2, 3]);
  });
});

describe("neighborhoods", () => {
  test("core distances equal those of sorted distances", () => {
    fc.assert(
      fc.property(clouds, names, fc.integer({ min: 1, max: 80 }), (points, name, rank) => {
        const data = Float64Array.from(points.data);
        const tree = treeOf(data, points.dim, name);
        const k = Math.min(rank, points.numPoints - 1);
        const core = byRow(tree, neighborhoods(tree, k).core);
        const expected = allDistances(tree, data, data).map(
          (row) => row.sort((a, b) => a - b)[k], // rank 0 is the point itself
        );
        expect([...core]).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });
});

describe("boruvka", () => {
  test("finds the same edges as prim, whatever the ties", () => {
    const alphas = fc.constantFrom(1, 1.4, 0.5);
    const ranks = fc.constantFrom(1, 2, 5, 10, 70);
    fc.assert(
      fc.property(wideClouds, names, ranks, alphas, (points, name, rank, alpha) => {
        const data = Float64Array.from(points.data);
        const tree = treeOf(data, points.dim, name);
        const around = neighborhoods(tree, Math.min(rank, points.numPoints - 1));
        const between = distancesBetween(data, points.dim, tree.metric);
        const expected = prim(between, byRow(tree, around.core), alpha);
        expect(boruvka(tree, around, alpha)).toEqual(expected);
      }),
      { numRuns: 150 },
    );
  });

  test("weighs what a brute-force tree weighs, in 1 to 16 dimensions, with many ties", () => {
    const tied = fc.record({
      dim: fc.integer({ min: 1, max: 16 }),
      numPoints: fc.integer({ min: 2, max: 300 }),
      numValues: fc.integer({ min: 2, max: 5 }), // of each coordinate
      seed: fc.nat(),
    });
    fc.assert(
      fc.property(tied, fc.constantFrom(1, 2, 5), ({ dim, numPoints, numValues, seed }, rank) => {
        const random = randomFrom(seed);
        const data = Float64Array.from({ length: numPoints * dim }, () =>
          Math.floor(numValues * random()),
        );
        const tree = treeOf(data, dim, "euclidean");
        const k = Math.min(rank, numPoints - 1);
        const { weight } = boruvka(tree, neighborhoods(tree, k));
        expect([...weight]).toEqual(kruskalWeights(allDistances(tree, data, data), k));
      }),
      { seed: 8, numRuns: 60 },
    );
  });

  test("finds the same edges as prim where dense clumps have outliers, in many dimensions", () => {
    const [numPoints, dim] = [1200, 12];
    for (const name of Object.keys(metrics) as MetricName[]) {
      const random = randomFrom(5);
      const data = Float64Array.from({ length: numPoints * dim }, (_, i) => {
        const row = Math.floor(i / dim);
        if (row % 10 === 0) return 20 * random(); // noise
        return (((row % 4) * (1 + (i % dim)) * 7) % 20) + Math.round(8 * random()) / 8; // with ties
      });
      const tree = treeOf(data, dim, name);
      const around = neighborhoods(tree, 4);
      const expected = prim(distancesBetween(data, dim, tree.metric), byRow(tree, around.core));
      expect(boruvka(tree, around)).toEqual(expected);
    }
  });

  test("joins identical points in order of their rows", () => {
    const { data } = pointsOf(new Float64Array(900), 3);
    const tree = kdTree(Float64Array.from(data), 3, metricOf("euclidean"));
    const { lo, hi } = boruvka(tree, neighborhoods(tree, 5));
    expect([...lo]).toEqual(new Array(299).fill(0));
    expect([...hi]).toEqual([...Array(299).keys()].map((row) => row + 1));
  });
});
