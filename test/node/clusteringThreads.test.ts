import { afterAll, describe, expect, test } from "vitest";
import { ClusteringThreads } from "../../src/node/index.ts";
import { randomFrom } from "../../src/testing/random.ts";
import {
  hdbscanAsync,
  hdbscanFit,
  hdbscanFitAsync,
  type Points,
  type SearchTask,
  type SearchThreads,
} from "../../src/tracking/index.ts";

/** Clumps and noise on a lattice, so that many weights are equal. */
function tiedPoints(numPoints: number, dim: number): Points {
  const random = randomFrom(dim);
  const data = Float64Array.from({ length: numPoints * dim }, (_, i) => {
    const row = Math.floor(i / dim);
    const center = row % 10 === 0 ? 30 * random() : ((row % 7) * (3 + (i % dim))) % 11;
    return Math.round(4 * (center + random())) / 4;
  });
  return { data, numPoints, dim };
}

const teams = new Map([1, 2, 4].map((count) => [count, threadsOf(count)]));
afterAll(async () => {
  for (const threads of teams.values()) await threads.close();
});

function threadsOf(count: number): ClusteringThreads {
  return new ClusteringThreads({ count, leastPoints: 0 });
}

describe("hdbscanFitAsync", () => {
  test.each([
    { dim: 3, numPoints: 4000 },
    { dim: 12, numPoints: 4000 },
    { dim: 2, numPoints: 3 },
  ])("$numPoints points in $dim dimensions: the same bits on 1, 2 and 4 threads", async (size) => {
    const points = tiedPoints(size.numPoints, size.dim);
    const options = { minClusterSize: 5, minSamples: 4, alpha: 1.2 };
    const alone = hdbscanFit(points, options);
    const { kdTree: _, ...expected } = alone;
    for (const threads of teams.values()) {
      const steps = new Set<string>();
      const onProgress = ({ step }: { step: string }) => void steps.add(step);
      const fit = await hdbscanFitAsync(points, { ...options, threads, onProgress });
      const { kdTree: __, ...found } = fit;
      expect(found).toEqual(expected);
      if (size.numPoints > 128) expect([...steps]).toEqual(["core distances", "spanning tree"]);
    }
  });

  test("events given at once wait for each other", async () => {
    const threads = teams.get(2)!;
    const events = [500, 700, 600].map((numPoints) => tiedPoints(numPoints, 3));
    const found = await Promise.all(events.map((points) => hdbscanAsync(points, { threads })));
    expect(found).toEqual(events.map((points) => hdbscanFit(points).labels));
  });

  test("asks no thread about few points", async () => {
    const run = () => Promise.reject(new Error("asked"));
    const threads: SearchThreads = { count: 2, leastPoints: 301, run };
    const points = tiedPoints(300, 3);
    expect(await hdbscanAsync(points, { threads })).toEqual(hdbscanFit(points).labels);
    await expect(hdbscanAsync(tiedPoints(301, 3), { threads })).rejects.toThrow("asked");
  });
});

describe("ClusteringThreads", () => {
  const message = (count: number, why: RegExp) =>
    new RegExp(`^ClusteringThreads: expected ${count} threads, lost one \\(${why.source}`);

  test("a thread that ends is an error, then and later", async () => {
    const threads = threadsOf(2);
    const nothing = { step: "core distances" } as SearchTask; // no tree: the thread stumbles
    for (const task of [nothing, nothing])
      await expect(threads.run(task, () => {})).rejects.toThrow(message(2, /Cannot read/));
    await expect(hdbscanAsync(tiedPoints(300, 3), { threads })).rejects.toMatchObject({
      name: "DeviceError",
    });
    await threads.close();
  });

  test("closing ends a search", async () => {
    const threads = threadsOf(2);
    const labels = hdbscanAsync(tiedPoints(4000, 12), { threads });
    const ended = expect(labels).rejects.toThrow(message(2, /they were closed/));
    await threads.close();
    await ended;
  });

  test("refuses a team of none", () => {
    expect(() => new ClusteringThreads({ count: 0 })).toThrow(
      "ClusteringThreads(count): expected a whole number ≥ 1, got 0",
    );
  });
});
