/** Orders, running sums and segments made on the device: what the host makes of the same numbers. */
import { describe, expect, test } from "vitest";
import { none } from "../../src/engine/rows.ts";
import {
  argsort,
  cumsum,
  type DType,
  gather,
  gradients,
  indices,
  Rng,
  realize,
  searchSorted,
  segmentSum,
  segmentsOf,
  sort,
  type Tensor,
  tensor,
} from "../../src/index.ts";
import { chance, oneOf, type Random, randomFrom, whole } from "../../src/testing/index.ts";
import { useDevice } from "./backends.ts";

/** Sizes around those of blocks: 256 elements of a sum, 1024 of a sort. */
const sizes = [0, 1, 2, 255, 256, 257, 1025, 3000] as const;

const ranges: Readonly<Record<string, readonly [number, number]>> = {
  f32: [-9, 9],
  i32: [-(2 ** 31), 2 ** 31 - 1],
  u32: [0, 2 ** 32 - 1],
};

/** All alike, few values, digits that only differ at the top or the bottom, or any numbers. */
function keysOf(random: Random, dtype: DType, size: number): number[] {
  const [low, high] = ranges[dtype]!;
  const few = Array.from({ length: 3 }, () => whole(random, low, high));
  const draw = oneOf(random, [
    () => few[0]!,
    () => oneOf(random, few),
    () => few[0]! - (few[0]! % 512) + whole(random, 0, 255),
    () => whole(random, low, high),
  ]);
  const extremes =
    dtype === "f32" ? [0, -0, 1e-40, -1e-40, 3e38, -Infinity, Infinity] : [low, high];
  return Array.from({ length: size }, () =>
    chance(random, 0.1) ? oneOf(random, extremes) : draw(),
  );
}

const rowsOf = (size: number) => Array.from({ length: size }, (_, i) => i);
const listOf = async (x: Tensor) => [...(await x.data())];

export function describeSorts(backend: "js" | "wasm" | "webgpu", rounds: number): void {
  describe(`sorting on ${backend}`, () => {
    const device = useDevice(backend);
    const random = randomFrom(5);

    for (const dtype of ["f32", "i32", "u32"] as const)
      test(`argsort of ${dtype} is the stable order, both ways`, async () => {
        for (const size of [...sizes, ...Array(rounds).fill(40)]) {
          const keys = keysOf(random, dtype, size).map(dtype === "f32" ? Math.fround : Number);
          const x = tensor(keys, [size], { dtype });
          const up = rowsOf(size).sort((a, b) => order(keys[a]!, keys[b]!) || a - b);
          const down = rowsOf(size).sort((a, b) => order(keys[b]!, keys[a]!) || a - b);
          expect(await listOf(argsort(x)), `${dtype} ${size}`).toEqual(up);
          expect(await listOf(argsort(x, { descending: true })), `${dtype} ${size}`).toEqual(down);
        }
      });

    test("a list so long that blocks grow instead of becoming more", async () => {
      const keys = Uint32Array.from({ length: 1024 * 256 + 5 }, () => whole(random, 0, 2 ** 20));
      expect(await sort(tensor(keys)).data()).toEqual(keys.slice().sort());
      const ones = cumsum(tensor(keys).mul(0).add(1));
      expect(await ones.equal(argsort(ones).add(1)).not().cast("u32").sum().item()).toBe(0);
    });

    test("NaN comes last, and sort moves the elements", async () => {
      const x = tensor(Float32Array.of(2, Number.NaN, -1, 2, Infinity));
      expect(await listOf(argsort(x))).toEqual([2, 0, 3, 4, 1]);
      expect(await listOf(sort(tensor([3, 1, 2])))).toEqual([1, 2, 3]);
      expect(await listOf(sort(tensor([3, 1, 2]), { descending: true }))).toEqual([3, 2, 1]);
    });

    test("cumsum of integers, along any axis, either way, wrapping around", async () => {
      for (const size of [...sizes, ...Array(rounds).fill(5)]) {
        const dtype = oneOf(random, ["i32", "u32"] as const);
        const shape = oneOf(random, [[size], [size, 3], [2, size], [2, size, 2]]);
        const axis = shape.indexOf(size);
        const inner = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
        const data = keysOf(
          random,
          dtype,
          shape.reduce((a, b) => a * b, 1),
        );
        const options = { axis, exclusive: chance(random), reverse: chance(random) };
        const got = await listOf(cumsum(tensor(data, shape, { dtype }), options));
        const want = dtype === "i32" ? Int32Array.from(data) : Uint32Array.from(data);
        for (let i = 0; i < data.length; i++) {
          const n = Math.floor(i / inner) % size;
          const [from, to] = options.reverse ? [n, size - 1] : [0, n];
          let total = options.exclusive ? -data[i]! : 0;
          for (let m = from; m <= to; m++) total += data[i + (m - n) * inner]!;
          want[i] = total; // exact in a double: 3000 · 2³² is below 2⁵³
        }
        expect(got, `${dtype} [${shape}] ${JSON.stringify(options)}`).toEqual([...want]);
      }
    });

    test("cumsum of floats is off by a rounding per element at most", async () => {
      const data = Float32Array.from({ length: 3000 }, () => random());
      const got = await cumsum(tensor(data)).data();
      let sum = 0;
      for (const [i, x] of data.entries()) {
        sum += x;
        expect(Math.abs(got[i]! - sum)).toBeLessThan((256 + 12) * 2 ** -23 * sum);
      }
    });

    test("searchSorted counts what is below, or not above", async () => {
      for (let round = 0; round < rounds; round++) {
        const dtype = oneOf(random, ["f32", "i32", "u32"] as const);
        const make = (size: number) =>
          Array.from({ length: size }, () => whole(random, dtype === "u32" ? 0 : -5, 5));
        const sorted = make(whole(random, 0, 40)).sort((a, b) => a - b);
        const values = make(whole(random, 0, 9));
        const [a, b] = [sorted, values].map((x) => tensor(x, [x.length], { dtype }));
        const counts = (test: (x: number, v: number) => boolean) =>
          values.map((v) => sorted.filter((x) => test(x, v)).length);
        expect(await listOf(searchSorted(a!, b!))).toEqual(counts((x, v) => x < v));
        expect(await listOf(searchSorted(a!, b!, { right: true }))).toEqual(
          counts((x, v) => x <= v),
        );
      }
    });

    test("computed segments are the host's, and rows of no segment are left out", async () => {
      for (const size of [...sizes, ...Array(rounds).fill(30)]) {
        const numSegments = whole(random, 1, oneOf(random, [1, 4, 300]));
        const huge = whole(random, 0, numSegments - 1);
        const rows = Array.from({ length: size }, () =>
          chance(random, 0.5) ? huge : whole(random, 0, numSegments - 1),
        );
        const host = segmentsOf(indices(rows), numSegments);
        const computed = segmentsOf(indices(rows).add(0), numSegments);
        expect(await listOf(computed.offsets)).toEqual(await listOf(host.offsets));
        expect(await listOf(computed.order)).toEqual(await listOf(host.order));

        const some = rows.map((row, e) =>
          e % 3 === 1 ? oneOf(random, [none, numSegments, 2 ** 24]) : row,
        );
        const x = tensor(rowsOf(size), [size], { dtype: "i32" });
        const sums = await listOf(segmentSum(x, segmentsOf(indices(some).add(0), numSegments)));
        const want = new Int32Array(numSegments);
        for (const [e, row] of some.entries()) if (row < numSegments) want[row]! += e;
        expect(sums).toEqual([...want]);
      }
    });

    test("computed rows that do not exist are zeros", async () => {
      const x = tensor([1, 2, 3, 4], [2, 2]);
      const rows = tensor([1, -1, 0, 2], [4], { dtype: "i32" }).add(0);
      expect(await listOf(gather(x, rows))).toEqual([3, 4, 0, 0, 1, 2, 0, 0]);
      const empty = tensor([], [0, 2]);
      expect(await listOf(gather(empty, rows))).toEqual(Array(8).fill(0));
    });

    test("all sizes share one plan, and layers and gradients share one order of the rows", async () => {
      const rng = new Rng(3);
      const step = async (size: number) => {
        const x = rng.normal([size, 2]);
        await realize([x]);
        const source = argsort(x.slice([null, [0, 1]]).reshape([-1]));
        const y = gather(gather(x, source), source).square();
        await gradients(y.sum(), [x])[0]!.data();
      };
      await step(40);
      const { plans, pipelines, launches } = device().stats();
      await step(900);
      await step(2);
      const after = device().stats();
      expect([after.plans, after.pipelines]).toEqual([plans, pipelines]);
      expect(after.launches - launches).toBeLessThan(2 * 45); // sorts of 18 and 12 launches, and the rest
    });

    test("twenty runs of a gradient with duplicate computed rows agree bit for bit", async () => {
      const rng = new Rng(4);
      const [x, weight] = [rng.normal([50, 3]), rng.normal([2000, 3])];
      const rows = rng.bits([2000]).mod(7);
      await realize([x, weight, rows]);
      const runs = new Set<string>();
      for (let run = 0; run < 20; run++) {
        const y = gather(x, rows.add(0)).mul(weight);
        runs.add((await gradients(y.sum(), [x])[0]!.data()).join());
      }
      expect(runs.size).toBe(1);
    });
  });
}

const order = (a: number, b: number) => Number(a > b) - Number(a < b);
