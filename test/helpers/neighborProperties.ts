/** Neighbors found on the device: what looking at every pair in double precision finds. */
import { describe, expect, test } from "vitest";
import {
  edgesOfNeighbors,
  gather,
  gradients,
  indices,
  type KnnOptions,
  knn,
  none,
  Rng,
  radiusSearch,
  realize,
  segmentSum,
  segmentsOf,
  type Tensor,
  tensor,
  topk,
} from "../../src/index.ts";
import { chance, oneOf, type Random, randomFrom, whole } from "../../src/testing/index.ts";
import { useDevice, withEnv } from "./backends.ts";

interface Search {
  points: readonly (readonly number[])[];
  queries: readonly (readonly number[])[] | null;
  k: number;
  offsets: readonly number[];
  queryOffsets: readonly number[];
  self: boolean;
  maxDistance: number | undefined;
}

interface Found {
  row: number;
  distance: number; // squared
}

const squared = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, x, d) => sum + (x - b[d]!) ** 2, 0);

/** Every pair, sorted by distance, then row. */
function bruteForce(search: Search): Found[][] {
  const { points, queries, k, offsets, queryOffsets, self, maxDistance = Infinity } = search;
  return (queries ?? points).map((query, q) => {
    const event = queryOffsets.findIndex((end, b) => b > 0 && q < end) - 1;
    return points
      .map((point, row) => ({ row, distance: squared(query, point) }))
      .filter(({ row }) => row >= offsets[event]! && row < offsets[event + 1]!)
      .filter(({ row }) => queries !== null || self || row !== q)
      .filter(({ distance }) => distance <= maxDistance ** 2)
      .sort((a, b) => a.distance - b.distance || a.row - b.row)
      .slice(0, k);
  });
}

function optionsOf({ queries, offsets, queryOffsets, self, maxDistance }: Search): KnnOptions {
  return {
    ...(queries && { queries: matrix(queries), queryOffsets: indices(queryOffsets) }),
    ...(maxDistance !== undefined && { maxDistance }),
    ...(!queries && self && { self }),
    offsets: indices(offsets),
  };
}

const matrix = (rows: readonly (readonly number[])[], dim = rows[0]?.length ?? 2): Tensor =>
  tensor(rows.flat(), [rows.length, dim]);

/** Ascending offsets of parts of n rows, some of them empty. */
function cuts(random: Random, n: number, parts: number): number[] {
  const inner = Array.from({ length: parts - 1 }, () => whole(random, 0, n));
  return [0, ...inner.sort((a, b) => a - b), n];
}

/** Points on a grid, where distances are exact and many are equal, or anywhere. */
function anySearch(random: Random, isGrid: boolean): Search {
  const dim = oneOf(random, [1, 2, 3, 5, 8]);
  const draw = isGrid ? () => whole(random, -2, 2) : () => Math.fround(4 * random() - 2);
  const rows = (count: number) =>
    Array.from({ length: count }, () => Array.from({ length: dim }, draw));
  const points = rows(oneOf(random, [1, 2, 9, 40, 70]));
  const queries = chance(random) ? rows(whole(random, 1, 30)) : null;
  const numEvents = whole(random, 1, 4);
  const offsets = cuts(random, points.length, numEvents);
  return {
    points,
    queries,
    k: oneOf(random, [1, 2, 4, 10]),
    offsets,
    queryOffsets: queries ? cuts(random, queries.length, numEvents) : offsets,
    self: chance(random),
    maxDistance: chance(random) ? whole(random, 0, 3) : undefined,
  };
}

export function describeNeighbors(backend: "js" | "wasm" | "webgpu", rounds: number): void {
  describe(`neighbors on ${backend}`, () => {
    const device = useDevice(backend);
    const random = randomFrom(11);

    test("on a grid full of ties: rows, distances and counts are exact", async () => {
      for (let round = 0; round < rounds; round++) {
        const search = anySearch(random, true);
        const found = knn(matrix(search.points), search.k, optionsOf(search));
        await realize([found.index, found.squaredDistance, found.count]);
        const want = bruteForce(search);
        const text = JSON.stringify(search);
        const padded = want.map((row) => Array.from({ length: search.k }, (_, j) => row[j]));
        expect([...(await found.index.data())], text).toEqual(
          padded.flat().map((f) => f?.row ?? none),
        );
        expect([...(await found.squaredDistance.data())], text).toEqual(
          padded.flat().map((f) => f?.distance ?? Math.fround(3.4028234663852886e38)),
        );
        expect([...(await found.count.data())], text).toEqual(want.map((row) => row.length));
      }
    });

    test("within a radius: all there are, on its edge too, or the nearest of them", async () => {
      for (let round = 0; round < rounds / 4; round++) {
        const most = 70; // points
        const maxDistance = whole(random, 0, 4);
        const search = { ...anySearch(random, true), maxDistance };
        const all = bruteForce({ ...search, k: most });
        const { k: few, maxDistance: _, ...options } = { ...optionsOf(search), k: search.k };
        for (const k of [few, most]) {
          const found = radiusSearch(matrix(search.points), maxDistance, { ...options, k });
          await realize([found.index, found.count]);
          const want = all.map((row) => Array.from({ length: k }, (_, j) => row[j]?.row ?? none));
          expect([...(await found.index.data())], JSON.stringify(search)).toEqual(want.flat());
          expect([...(await found.count.data())]).toEqual(
            all.map((row) => Math.min(k, row.length)),
          );
        }
      }
    });

    test("anywhere: no point is nearer than those found, up to rounding", async () => {
      for (let round = 0; round < rounds; round++) {
        const search = { ...anySearch(random, false), maxDistance: undefined };
        const queries = search.queries ?? search.points;
        const { index } = knn(matrix(search.points), search.k, optionsOf(search));
        const rows = [...(await index.data())];
        for (const [q, want] of bruteForce(search).entries()) {
          const own = rows.slice(q * search.k, (q + 1) * search.k).filter((row) => row !== none);
          expect(new Set(own).size).toBe(want.length);
          for (const [j, row] of own.entries()) {
            // a difference is off by half a unit of f32, its square by a whole one, their sum by one per term
            const allowed = 2 ** -23 * (queries[q]!.length + 2) * want[j]!.distance;
            const distance = squared(queries[q]!, search.points[row]!);
            expect(Math.abs(distance - want[j]!.distance)).toBeLessThanOrEqual(allowed);
          }
        }
      }
    });

    test("64 dimensions and 128 neighbors, and all points alike", async () => {
      const points = Array.from({ length: 140 }, (_, row) => Array(64).fill(row % 7));
      const { index } = knn(matrix(points), 128);
      const offsets = [0, points.length];
      const search = { points, queries: null, k: 128, offsets, queryOffsets: offsets };
      const want = bruteForce({ ...search, self: false, maxDistance: undefined });
      expect([...(await index.data())]).toEqual(want.flat().map(({ row }) => row));
      const alike = await knn(tensor(new Float32Array(40), [20, 2]), 3).index.data();
      expect([...alike.slice(0, 9)]).toEqual([1, 2, 3, 0, 2, 3, 0, 1, 3]);
    });

    test("no points, no queries", async () => {
      const nothing = tensor([], [0, 2]);
      expect((await knn(nothing, 3).index.data()).length).toBe(0);
      const { index, count } = knn(nothing, 2, { queries: tensor([1, 2], [1, 2]) });
      expect([...(await index.data()), ...(await count.data())]).toEqual([none, none, 0]);
    });

    test("without kernels, unfused and verified, the same", async () => {
      const search = anySearch(randomFrom(3), true);
      const run = async () => {
        const { index } = knn(matrix(search.points), search.k, optionsOf(search));
        return [...(await index.data())];
      };
      const want = await run();
      for (const switches of [{ TG_KERNELS: "0" }, { TG_FUSE: "0" }, { TG_VERIFY: "1" }])
        expect(await withEnv(switches as Record<string, string>, run)).toEqual(want);
    });

    test("edges reach the queries that have them, and nobody else", async () => {
      for (let round = 0; round < rounds; round++) {
        const search = { ...anySearch(random, true), queries: null };
        const { points, k, offsets } = search;
        const found = knn(matrix(points), k, optionsOf({ ...search, queryOffsets: offsets }));
        const { source, target, segments } = edgesOfNeighbors(found);
        const x = tensor(points.map((_, row) => row + 1));
        const received = segmentSum(gather(x, source), segments);
        const [sent] = gradients(received.mul(x).sum(), [x]);
        await realize([received, sent!, target]);
        const want = bruteForce({ ...search, queryOffsets: offsets });
        const text = JSON.stringify(search);
        expect([...(await received.data())], text).toEqual(
          want.map((row) => row.reduce((sum, f) => sum + f.row + 1, 0)),
        );
        const back = want.map((row) => row.reduce((sum, f) => sum + f.row + 1, 0));
        for (const [q, row] of want.entries()) for (const f of row) back[f.row]! += q + 1;
        expect([...(await sent!.data())], text).toEqual(back);
        // the order that nothing was sorted for is that of a sort
        const sorted = segmentsOf(target.minimum(none), points.length);
        for (const part of ["offsets", "order"] as const) {
          const numEdges = want.flat().length;
          const [got, from] = [await segments[part].data(), await sorted[part].data()];
          const length = part === "order" ? numEdges : got.length;
          expect([...got.slice(0, length)], text).toEqual([...from.slice(0, length)]);
        }
      }
    });

    test("topk finds the greatest or least of each row, ties to the lower column", async () => {
      for (let round = 0; round < rounds; round++) {
        const [numRows, size] = [whole(random, 0, 5), whole(random, 1, 20)];
        const x = Array.from({ length: numRows }, () =>
          Array.from({ length: size }, () => whole(random, -3, 3)),
        );
        const [k, least] = [whole(random, 1, size), chance(random)];
        const { index, values } = topk(matrix(x, size), k, { least });
        const sign = least ? 1 : -1;
        const want = x.flatMap((row) =>
          row
            .map((value, column) => ({ value, column }))
            .sort((a, b) => sign * (a.value - b.value) || a.column - b.column)
            .slice(0, k),
        );
        expect([...(await index.data())]).toEqual(want.map(({ column }) => column));
        expect([...(await values.data())]).toEqual(want.map(({ value }) => value));
      }
    });

    test("graphs of other sizes share the plan of the first, and runs agree bit for bit", async () => {
      const rng = new Rng(8);
      const step = async (size: number) => {
        const x = rng.normal([size, 3]);
        const offsets = indices([0, size >> 1, size]);
        await realize([x]);
        const runs = new Set<string>();
        for (let run = 0; run < 20; run++) {
          const { source, segments } = edgesOfNeighbors(knn(x, 4, { offsets }));
          const y = segmentSum(gather(x, source).square(), segments);
          runs.add((await gradients(y.square().sum(), [x])[0]!.data()).join());
        }
        expect(runs.size).toBe(1);
      };
      await step(30);
      const { plans, pipelines } = device().stats();
      await step(111);
      await step(12);
      const after = device().stats();
      expect([after.plans, after.pipelines]).toEqual([plans, pipelines]);
    });
  });
}
