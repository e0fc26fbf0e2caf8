/**
 * Replays the cases of scikit-learn's DBSCAN and k-means, and of scipy's connected components
 * (fixtures/clustering/README.md).
 */
import { describe, expect, test } from "vitest";
import { connectedComponents, dbscanFit, kMeans } from "../../../src/tracking/clustering/index.ts";
import { expectClose, type Json, numbersIn, replay } from "../helpers.ts";
import { pointsOf } from "./points.ts";

const pointsIn = (rows: Json[]) => pointsOf(rows.flatMap(numbersIn), rows[0]?.length ?? 1);

replay("clustering", "dbscan_kmeans_cc", (content) => {
  const suite = (kind: string, run: (c: Json) => void) =>
    describe(kind, () => {
      const cases: Json[] = content[kind] ?? [];
      if (cases.length === 0) test("absent", () => console.info(`no case of ${kind}`));
      for (const [i, c] of cases.entries()) test(`${i} ${c.name}`, () => run(c));
    });

  suite("dbscan", (c) => {
    const options = { eps: c.eps, minSamples: c.min_samples };
    const { labels, isCore, numClusters } = dbscanFit(pointsIn(c.x), options);
    expect(Array.from(isCore)).toEqual(c.core.map(Number));
    expect(Array.from(labels)).toEqual(c.labels);
    expect(numClusters).toBe(c.n_clusters);
  });

  suite("kmeans", (c) => {
    expect(c.init.length).toBe(c.k);
    const found = kMeans(pointsIn(c.x), pointsIn(c.init));
    expect(Array.from(found.labels)).toEqual(c.labels);
    // 1e-12: the reference subtracts the mean of all points first
    expectClose(found.centres, c.centers.flatMap(numbersIn), 1e-12, "centers");
    expectClose([found.inertia], [c.inertia], 1e-12, "inertia");
    expect(found.numIterations).toBe(c.n_iter);
  });

  suite("connected_components", ({ n, edges, labels, n_components }) => {
    const [source, target] = [0, 1].map((end) => edges.map((edge: number[]) => edge[end]));
    const found = connectedComponents({ source, target }, n);
    expect(Array.from(found)).toEqual(labels);
    expect(new Set(found).size).toBe(n_components);
  });
});
