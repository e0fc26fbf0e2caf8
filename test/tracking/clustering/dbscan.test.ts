import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dbscan, dbscanFit, type Points } from "../../../src/tracking/clustering/index.ts";
import { kdTree } from "../../../src/tracking/clustering/kdTree.ts";
import { type MetricName, metricOf, metrics } from "../../../src/tracking/clustering/metrics.ts";
import { radiusNeighbors } from "../../../src/tracking/clustering/radius.ts";
import { asPartition } from "../../helpers/partitions.ts";
import { clouds, pointsOf, wideClouds } from "./points.ts";

const names = fc.constantFrom(
  ...(Object.keys(metrics) as MetricName[]).filter((name) => name !== "cosine"),
);
const radii = fc.constantFrom(0, 0.1, 0.3, 1, 2, 100); // 0.1, 1, …: exactly the steps of lattices

/** [N][N] reduced distances. */
function reducedDistances({ data, dim, numPoints }: Points, name: MetricName): number[][] {
  const all = Float64Array.from(data);
  const out = new Float64Array(numPoints);
  return Array.from({ length: numPoints }, (_, row) => {
    metricOf(name).toRun({ data: all, at: row * dim, dim }, all, 0, numPoints, out);
    return Array.from(out);
  });
}

/** Who is at most `radius` away: the distance counts, whatever its square rounds to. */
const within = (row: number[], name: MetricName, radius: number): number[] =>
  row.flatMap((reduced, other) => (metricOf(name).distance(reduced) <= radius ? [other] : []));

/** The published algorithm: grow a cluster from each core point that has none yet, in order. */
function scan(points: Points, eps: number, minSamples: number, name: MetricName): number[] {
  const near = reducedDistances(points, name).map((row) => within(row, name, eps));
  const labels = near.map(() => -1);
  let next = 0;
  for (const seed of near.keys()) {
    if (labels[seed] !== -1 || near[seed]!.length < minSamples) continue;
    const queue = [seed];
    for (const row of queue) {
      if (labels[row] !== -1) continue;
      labels[row] = next;
      if (near[row]!.length >= minSamples) queue.push(...near[row]!);
    }
    next++;
  }
  return labels;
}

describe("radiusNeighbors", () => {
  test("finds what comparing all pairs finds, the radius included", () => {
    fc.assert(
      fc.property(wideClouds, names, radii, (points, name, radius) => {
        const data = Float64Array.from(points.data);
        const tree = kdTree(data, points.dim, metricOf(name));
        const { offsets, rows, distances } = radiusNeighbors(tree, data, radius);
        reducedDistances(points, name).forEach((row, q) => {
          const near = within(row, name, radius);
          const found = [offsets[q]!, offsets[q + 1]!] as const;
          expect([...rows.subarray(...found)]).toEqual(near);
          const expected = near.map((other) => tree.metric.distance(row[other]!));
          expect([...distances.subarray(...found)]).toEqual(expected);
        });
      }),
      { numRuns: 40 },
    );
  });

  test("says what is wrong with its arguments, and finds nothing among nothing", () => {
    const tree = kdTree(new Float64Array(4), 2, metricOf("euclidean"));
    expect(() => radiusNeighbors(tree, Float64Array.of(0, 0), Number.NaN)).toThrow(
      "radiusNeighbors(radius): expected a distance ≥ 0, got NaN",
    );
    expect(() => radiusNeighbors(tree, Float64Array.of(0), 1)).toThrow(
      "expected rows of 2 numbers",
    );
    const empty = kdTree(new Float64Array(0), 2, metricOf("euclidean"));
    expect([...radiusNeighbors(empty, Float64Array.of(0, 0), 1).offsets]).toEqual([0, 0]);
  });
});

describe("dbscan", () => {
  test("labels as the published scan does, whatever the ties", () => {
    fc.assert(
      fc.property(clouds, names, radii, fc.integer({ min: 1, max: 8 }), (points, name, eps, k) => {
        const labels = dbscan(points, { eps, minSamples: k, metric: name });
        expect([...labels]).toEqual(scan(points, eps, k, name));
      }),
      { numRuns: 80 },
    );
  });

  test("core points and their clusters do not depend on the order of rows", () => {
    fc.assert(
      fc.property(clouds, radii, fc.nat(), (points, eps, seed) => {
        const { dim, numPoints } = points;
        const rows = [...Array(numPoints).keys()];
        const [order] = fc.sample(fc.shuffledSubarray(rows, { minLength: numPoints }), {
          numRuns: 1,
          seed,
        }) as [number[]];
        const shuffled = order.flatMap((row) =>
          Array.from({ length: dim }, (_, d) => points.data[row * dim + d]!),
        );
        const fit = dbscanFit(points, { eps, minSamples: 3 });
        const other = dbscanFit(pointsOf(shuffled, dim), { eps, minSamples: 3 });
        const coreLabels = (labels: number[], core: number[]) =>
          labels.map((label, row) => (core[row] ? label : -1));
        const expected = coreLabels([...fit.labels], [...fit.isCore]);
        const found = coreLabels([...other.labels], [...other.isCore]);
        expect(asPartition(found)).toEqual(asPartition(order.map((row) => expected[row]!)));
        expect([...other.isCore]).toEqual(order.map((row) => fit.isCore[row]));
        expect(other.labels.map((label) => Number(label < 0))).toEqual(
          Int32Array.from(order, (row) => Number(fit.labels[row]! < 0)),
        );
      }),
      { numRuns: 40 },
    );
  });

  test("one sample makes every point core", () => {
    const { labels, isCore } = dbscanFit(pointsOf([0, 5, 1, 9], 1), { eps: 1, minSamples: 1 });
    expect([[...labels], [...isCore]]).toEqual([
      [0, 1, 0, 2],
      [1, 1, 1, 1],
    ]);
  });

  test("a border point of two clusters joins the lower one, and does not connect them", () => {
    const { labels, isCore } = dbscanFit(pointsOf([0, 1, 2, 12, 22, 23, 24], 1), {
      eps: 10,
      minSamples: 4,
    });
    expect([...labels]).toEqual([0, 0, 0, 0, 1, 1, 1]);
    expect([...isCore]).toEqual([0, 0, 1, 0, 1, 0, 0]);
  });

  test("treats rows with NaN or ∞ as noise", () => {
    const { labels, isCore } = dbscanFit(pointsOf([Number.NaN, 0, 0, Infinity, 0], 1), {
      eps: 1,
      minSamples: 3,
    });
    expect([[...labels], [...isCore]]).toEqual([
      [-1, 0, 0, -1, 0],
      [0, 1, 1, 0, 1],
    ]);
  });

  test("says what is wrong with its arguments", () => {
    const call = (options: object) => () => dbscan(pointsOf([0, 1], 1), options);
    expect(call({ eps: -1 })).toThrow("dbscan(eps): expected a distance ≥ 0, got -1");
    expect(call({ eps: Number.NaN })).toThrow("dbscan(eps)");
    expect(call({ minSamples: 0 })).toThrow("dbscan(minSamples): expected an integer ≥ 1, got 0");
    expect(call({ metric: "hamming" })).toThrow("metric: expected one of euclidean");
    expect(() => dbscan({ data: [1], numPoints: 2, dim: 1 })).toThrow("dbscan(points)");
  });

  test("takes thousands of identical points", () => {
    const { numClusters, isCore } = dbscanFit(pointsOf(new Float64Array(3_000), 1), {
      eps: 0,
      minSamples: 3_000,
    });
    expect([numClusters, isCore.reduce((sum, is) => sum + is, 0)]).toEqual([1, 3_000]);
  });
});
