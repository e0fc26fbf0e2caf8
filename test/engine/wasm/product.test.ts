import { expect, test } from "vitest";
import { matmul, Rng, realize } from "../../../src/index.ts";
import { useDevice } from "../../helpers/backends.ts";

useDevice("wasm");

// several blocks of 512 terms, edges in both directions, fewer rows and columns than a tile
const sizes = [
  [5, 1100, 9],
  [64, 513, 24],
  [3, 7, 70],
  [1, 600, 1],
  [130, 1, 17],
] as const;
const flags = [false, true].flatMap((transposeA) =>
  [false, true].map((transposeB) => ({ transposeA, transposeB })),
);

test.each(sizes)("products of %i × %i × %i are right, transposed or not", async (M, K, N) => {
  for (const { transposeA, transposeB } of flags) {
    const rng = new Rng(3);
    const a = rng.normal(transposeA ? [K, M] : [M, K]);
    const b = rng.normal(transposeB ? [N, K] : [K, N]);
    const y = matmul(a, b, { transposeA, transposeB });
    await realize([a, b, y]);
    const [left, right, got] = [await a.data(), await b.data(), await y.data()];
    for (let m = 0; m < M; m++)
      for (let n = 0; n < N; n++) {
        let [sum, size] = [0, 0];
        for (let k = 0; k < K; k++) {
          const x = left[transposeA ? k * M + m : m * K + k]!;
          const term = x * right[transposeB ? n * K + k : k * N + n]!;
          sum += term;
          size += Math.abs(term);
        }
        // K products and K sums, each rounded to 24 bits
        expect(Math.abs(got[m * N + n]! - sum)).toBeLessThanOrEqual(2 * K * 2 ** -24 * size);
      }
  }
});

test("a product over nothing is 0, also in memory that held something", async () => {
  const rng = new Rng(4);
  for (const K of [3, 0]) {
    const y = matmul(rng.normal([2, 5, K]), rng.normal([2, K, 9]));
    const data = await y.data();
    if (K === 0) expect([...data]).toEqual(new Array(90).fill(0));
    y.dispose();
  }
});

test("the same bits for each of several products as for one", async () => {
  const rng = new Rng(5);
  const [a, b] = [rng.normal([3, 21, 40]), rng.normal([40, 13])];
  await realize([a, b]);
  const [all, one] = [matmul(a, b), matmul(a.slice([[1, 2]]).add(0), b)];
  expect([...(await one.data())]).toEqual([...(await all.data())].slice(21 * 13, 2 * 21 * 13));
});
