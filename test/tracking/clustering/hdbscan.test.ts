import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ShapeError } from "../../../src/engine/errors.ts";
import {
  approximatePredict,
  clusterDendrogram,
  clusterings,
  cutSingleLinkage,
  hdbscan,
  hdbscanDistances,
  hdbscanFit,
  type Points,
} from "../../../src/tracking/clustering/index.ts";
import { asPartition } from "../../helpers/partitions.ts";
import { blobs, pointsOf } from "./points.ts";

const two = [0, 1].map((centre) => blobs({ numPoints: 30, dim: 2, centre: 20 * centre, seed: 3 }));
const twoBlobs = pointsOf([...two[0]!, ...two[1]!], 2);
const permuted = ({ data, dim }: Points, order: number[]) =>
  pointsOf(
    order.flatMap((row) => Array.from({ length: dim }, (_, d) => data[row * dim + d]!)),
    dim,
  );
const shuffled = (size: number) =>
  fc.shuffledSubarray([...Array(size).keys()], { minLength: size, maxLength: size });

describe("every clustering", () => {
  test.each(Object.entries(clusterings))("%s labels each point, none of none", (_, cluster) => {
    expect(cluster(pointsOf([], 2))).toEqual(new Int32Array(0));
    expect(cluster(twoBlobs)).toHaveLength(twoBlobs.numPoints);
  });
});

describe("hdbscan", () => {
  test("finds two separate blobs", () => {
    const labels = hdbscan(twoBlobs, { minClusterSize: 5 });
    expect(new Set(labels.subarray(0, 30).filter((label) => label >= 0)).size).toBe(1);
    expect(Math.max(...labels)).toBe(1);
  });

  test("labels one point as noise", () => {
    const fit = hdbscanFit(pointsOf([1, 2], 2));
    expect([...fit.labels]).toEqual([-1]);
    expect([...fit.outlierScores]).toEqual([0]);
    expect([...fit.coreDistances]).toEqual([Infinity]);
    expect(fit.spanningTree.weight).toHaveLength(0);
  });

  test("tree weights do not depend on the order of points, labels neither in canonical order", () => {
    const places = fc.record({
      dim: fc.constantFrom(1, 2, 4),
      lattice: fc.boolean(),
      seed: fc.nat(),
    });
    fc.assert(
      fc.property(places, shuffled(150), ({ dim, lattice, seed }, order) => {
        const all = blobs({ numPoints: 150, dim, centre: 0, seed });
        // distinct places, as equal ones may exchange their labels
        const data = lattice
          ? Array.from({ length: 150 * dim }, (_, i) =>
              i % dim === 0 ? Math.floor(i / dim / 7) : Math.floor(i / dim) % 7,
            )
          : [...all];
        const points = pointsOf(data, dim);
        const options = { minClusterSize: 5, minSamples: 3 };
        const [fit, moved] = [points, permuted(points, order)].map((p) => hdbscanFit(p, options));
        expect(moved!.spanningTree.weight).toEqual(fit!.spanningTree.weight);
        if (lattice && dim === 1) return; // seven points at each place
        const canonical = { ...options, canonicalOrder: true };
        const labels = hdbscan(points, canonical);
        expect([...hdbscan(permuted(points, order), canonical)]).toEqual(
          order.map((row) => labels[row]),
        );
      }),
      { seed: 9, numRuns: 60 },
    );
  });

  test("tells how far it is, and finds the same", () => {
    const points = pointsOf(blobs({ numPoints: 5000, dim: 2, centre: 0, seed: 1 }), 2);
    const steps: string[] = [];
    const labels = hdbscan(points, {
      onProgress: ({ step, done, total }) => {
        expect(done).toBeLessThanOrEqual(total);
        steps.push(step);
      },
    });
    expect(new Set(steps)).toEqual(new Set(["core distances", "spanning tree"]));
    expect(labels).toEqual(hdbscan(points));
  });

  test.each([2, 3, 50, 400])("labels %i identical points as noise", (numPoints) => {
    const fit = hdbscanFit(pointsOf(new Array(3 * numPoints).fill(0.1), 3));
    expect(new Set(fit.labels)).toEqual(new Set([-1]));
    expect(fit.spanningTree.weight.every((w) => w === 0)).toBe(true);
  });

  test("treats rows with NaN or ∞ as if they were not there", () => {
    const bad = [Number.NaN, 0, 0, -Infinity];
    const data = [...bad.slice(0, 2), ...(twoBlobs.data as Float64Array), ...bad.slice(2)];
    const { labels, probabilities, rows } = hdbscanFit(pointsOf(data, 2));
    expect(labels).toEqual(Int32Array.from([-1, ...hdbscan(twoBlobs), -1]));
    expect([probabilities[0], probabilities[61]]).toEqual([0, 0]);
    expect([rows[0], rows.length]).toEqual([1, 60]);
  });

  test("takes coordinates whose squares overflow", () => {
    const data = Float64Array.from(twoBlobs.data, (x) => x * 1e307);
    expect(hdbscan(pointsOf(data, 2))).toHaveLength(60);
  });

  test("numbers are the same from a matrix of distances", () => {
    const { data, numPoints } = twoBlobs;
    const at = (row: number, d: number) => data[2 * row + d]!;
    const distances = Float64Array.from({ length: numPoints ** 2 }, (_, cell) => {
      const [i, j] = [Math.floor(cell / numPoints), cell % numPoints];
      return Math.sqrt((at(i, 0) - at(j, 0)) ** 2 + (at(i, 1) - at(j, 1)) ** 2);
    });
    const fromPoints = hdbscanFit(twoBlobs);
    const fromMatrix = hdbscanDistances(distances, numPoints);
    expect(fromMatrix.labels).toEqual(fromPoints.labels);
    expect(fromMatrix.coreDistances).toEqual(fromPoints.coreDistances);
    expect(fromMatrix.spanningTree).toEqual(fromPoints.spanningTree);
  });

  test("keeps parts that no finite distance connects apart", () => {
    const distances = Float64Array.from({ length: 144 }, (_, cell) => {
      const [i, j] = [Math.floor(cell / 12), cell % 12];
      return i < 6 === j < 6 ? Math.abs(i - j) : Infinity;
    });
    const { labels } = hdbscanDistances(distances, 12, { minClusterSize: 3, minSamples: 1 });
    expect(asPartition(labels)).toEqual([0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1]);
  });

  test("cosine compares directions only", () => {
    const angles = [0.1, 0.11, 0.12, 0.13, 1.2, 1.21, 1.22, 1.23];
    const rays = angles.flatMap((a, i) => [(i + 1) * Math.cos(a), (i + 1) * Math.sin(a)]);
    const labels = hdbscan(pointsOf([...rays, 0, 0], 2), {
      minClusterSize: 3,
      minSamples: 2,
      metric: "cosine",
    });
    expect(asPartition(labels)).toEqual([0, 0, 0, 0, 1, 1, 1, 1, -1]);
  });

  test("one dendrogram serves other settings", () => {
    const { singleLinkage } = hdbscanFit(twoBlobs, { minClusterSize: 5, minSamples: 4 });
    const again = clusterDendrogram(singleLinkage, { minClusterSize: 8 });
    expect(again.labels).toEqual(hdbscan(twoBlobs, { minClusterSize: 8, minSamples: 4 }));
  });

  test("a cut below every distance leaves only noise, above every one a single cluster", () => {
    const { singleLinkage } = hdbscanFit(twoBlobs);
    expect(new Set(cutSingleLinkage(singleLinkage, 0, 2))).toEqual(new Set([-1]));
    expect(new Set(cutSingleLinkage(singleLinkage, Infinity, 2))).toEqual(new Set([0]));
  });

  test("predicts the points of the fit to be where they are, and a far one as noise", () => {
    const fit = hdbscanFit(twoBlobs);
    const { labels } = approximatePredict(fit, twoBlobs);
    fit.labels.forEach((label, row) => {
      if (label >= 0) expect(labels[row]).toBe(label);
    });
    const far = approximatePredict(fit, pointsOf([1e3, -1e3, Number.NaN, 0], 2));
    expect(far).toEqual({ labels: Int32Array.of(-1, -1), probabilities: Float64Array.of(0, 0) });
  });

  test("says what is wrong with its arguments", () => {
    const call = (options: object) => () => hdbscan(twoBlobs, options);
    expect(call({ minClusterSize: 1 })).toThrow(
      "hdbscan(minClusterSize): expected an integer ≥ 2, got 1",
    );
    expect(call({ minSamples: 0.5 })).toThrow(ShapeError);
    expect(call({ metric: "hamming" })).toThrow("metric: expected one of euclidean");
    expect(() => hdbscan({ data: [1, 2, 3], numPoints: 2, dim: 2 })).toThrow(
      "hdbscan(points): expected 4 numbers, got 3",
    );
    expect(() => hdbscanDistances([0, 1, 2, 0], 2)).toThrow("expected a symmetric matrix");
    expect(() => hdbscanDistances([0, Number.NaN, 1, 0], 2)).toThrow("got 1 at [1, 0] and NaN");
    const fit = hdbscanDistances([0, 1, 1, 0], 2);
    expect(() => approximatePredict(fit, twoBlobs)).toThrow("expected a fit of points");
  });

  test("weights do not depend on the order of the points, nor do labels without ties", () => {
    // minSamples 1 and generic coordinates: no two edges weigh the same
    const points = pointsOf(blobs({ numPoints: 180, dim: 3, centre: 0, seed: 5 }), 3);
    for (const metric of ["euclidean", "manhattan", "chebyshev"] as const) {
      const options = { minClusterSize: 4, minSamples: 1, metric };
      const { labels, spanningTree } = hdbscanFit(points, options);
      fc.assert(
        fc.property(shuffled(points.numPoints), (order) => {
          const other = hdbscanFit(permuted(points, order), options);
          expect(other.spanningTree.weight).toEqual(spanningTree.weight);
          const inOrder = order.map((row) => labels[row]!);
          expect(asPartition(other.labels)).toEqual(asPartition(inOrder));
        }),
        { numRuns: 5 },
      );
    }
  });

  test("weights do not depend on the order of points in a grid", () => {
    const grid = pointsOf(
      [...Array(196).keys()].flatMap((i) => [i % 14, Math.floor(i / 14)]),
      2,
    );
    const { spanningTree } = hdbscanFit(grid);
    fc.assert(
      fc.property(shuffled(grid.numPoints), (order) => {
        expect(hdbscanFit(permuted(grid, order)).spanningTree.weight).toEqual(spanningTree.weight);
      }),
      { numRuns: 10 },
    );
  });

  test("clusters 50 000 points in less than 1 GiB", () => {
    const data = [...Array(50).keys()].flatMap((centre) => [
      ...blobs({ numPoints: 1000, dim: 3, centre: 10 * centre, seed: centre }),
    ]);
    const { labels, persistence } = hdbscanFit(pointsOf(data, 3), {
      minClusterSize: 100,
      minSamples: 10,
    });
    expect(labels).toHaveLength(50_000);
    expect(persistence).toHaveLength(50);
    expect(process.memoryUsage().rss).toBeLessThan(2 ** 30);
  });
});
