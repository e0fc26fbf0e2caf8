import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dbscanFit, dbscanScan } from "../../../src/tracking/clustering/index.ts";
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
      { numRuns: 60 },
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
