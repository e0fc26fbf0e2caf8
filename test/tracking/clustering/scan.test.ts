import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  dbscanFit,
  dbscanScan,
  hdbscan,
  hdbscanScan,
} from "../../../src/tracking/clustering/index.ts";
import { scanDbscan, scanHdbscan } from "../../../src/tracking/index.ts";
import { clouds, pointsOf } from "./points.ts";

describe("dbscanScan", () => {
  test("finds at every radius what dbscan finds, on lattices too", () => {
    const radii = [0, 0.1, 0.3, 1, Math.SQRT2, Math.sqrt(3), 2, 3, 100];
    const counts = fc.constantFrom(1, 2, 3, 5, 12, 70, 500);
    const metrics = fc.constantFrom("euclidean", "manhattan", "chebyshev" as const);
    fc.assert(
      fc.property(clouds, counts, metrics, (points, minSamples, metric) => {
        const found = dbscanScan(points, radii, { minSamples, metric });
        for (const [i, eps] of radii.entries())
          expect(found[i], `eps ${eps}`).toEqual(dbscanFit(points, { eps, minSamples, metric }));
      }),
      { numRuns: 25 },
    );
  });

  test("radii may come in any order, points may be missing", () => {
    const points = pointsOf([0, 0, Number.NaN, 0, 0.1, 0, 5, 5], 2);
    const [wide, narrow] = dbscanScan(points, [10, 0.2], { minSamples: 2 });
    expect([...wide!.labels]).toEqual([0, -1, 0, 0]);
    expect([...narrow!.labels]).toEqual([0, -1, 0, -1]);
    expect(dbscanScan(pointsOf([], 2), [1])[0]!.numClusters).toBe(0);
  });

  test("refuses a radius that is none", () => {
    expect(() => dbscanScan(pointsOf([0, 0], 2), [Number.NaN])).toThrow(
      "dbscanScan(eps): expected a distance ≥ 0, got NaN",
    );
  });
});

describe("hdbscanScan", () => {
  const grid = {
    minClusterSize: [2, 5, 10],
    minSamples: [1, 3, 7, 80],
    clusterSelectionEpsilon: [0, 0.5],
  };

  test("finds under every setting what hdbscan finds", () => {
    fc.assert(
      fc.property(clouds, fc.boolean(), (points, canonicalOrder) => {
        const found = [...hdbscanScan(points, grid, { canonicalOrder })];
        expect(found).toHaveLength(24);
        for (const { setting, labels } of found)
          expect(labels).toEqual(hdbscan(points, { ...setting, canonicalOrder }));
      }),
      { numRuns: 15 },
    );
  });

  test("minSamples follows minClusterSize unless it is given", () => {
    const points = pointsOf([0, 0.1, 0.2, 5, 5.1, 5.2], 1);
    const settings = (fixed?: object) =>
      [...hdbscanScan(points, { minClusterSize: [2, 3] }, fixed)].map(({ setting }) => setting);
    expect(settings().map(({ minSamples }) => minSamples)).toEqual([2, 3]);
    expect(settings({ minSamples: 1 }).map(({ minSamples }) => minSamples)).toEqual([1, 1]);
    expect(() => [...hdbscanScan(points, { minClusterSize: [1] })]).toThrow(
      "hdbscan(minClusterSize): expected an integer ≥ 2, got 1",
    );
  });
});

describe("the scan of settings", () => {
  const points = pointsOf([0, 0.1, 0.2, 5, 5.1, 5.2], 1);
  const numClusters = (labels: Int32Array) => new Set(labels.filter((l) => l >= 0)).size;

  test("ranks settings by their mean over events", () => {
    const rows = scanDbscan(
      [{ points }, { points, split: "validation" }],
      { eps: [0.05, 0.15, 10], minSamples: [2] },
      numClusters,
    );
    expect(rows.map(({ setting, mean }) => [setting.eps, mean])).toEqual([
      [0.15, 2],
      [10, 1],
      [0.05, 0],
    ]);
    const [best] = scanHdbscan([{ points }], { minClusterSize: [6, 3] }, numClusters, {
      minSamples: 1,
    });
    expect(best).toMatchObject({ setting: { minClusterSize: 3 }, scores: [2], mean: 2 });
  });

  test("puts settings that cannot be judged last", () => {
    const grid = { eps: [0.05, 10], minSamples: [2] };
    const rows = scanDbscan([{ points }], grid, (labels) => numClusters(labels) || Number.NaN);
    expect(rows.map(({ mean }) => mean)).toEqual([1, Number.NaN]);
  });

  test("does not look at the test split", () => {
    const events = [{ points }, { points, split: "test" as const }];
    expect(() => scanHdbscan(events, { minClusterSize: [2] }, numClusters)).toThrow(
      "scanHdbscan(events): expected validation events, got event 1 of the test split",
    );
  });
});
