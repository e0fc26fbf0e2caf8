/** What do orders, running sums and neighbors made on the device cost? Checked before: orders and sums element by element, neighbors at some points. */
import { argsort, cumsum, knn, realize, type Tensor } from "../../src/index.ts";
import { filled, numbers, rowNumbers, runsOf, type Workload } from "../workload.ts";

const million = 2 ** 20;
const k = 10;
const numChecked = 100; // queries

async function expectSame(result: Tensor, want: ArrayLike<number>): Promise<void> {
  const got = await result.data();
  for (let i = 0; i < want.length; i++)
    if (got[i] !== want[i]) throw new Error(`expected ${want[i]} at ${i}, got ${got[i]}`);
}

/** Squared distances from one point to its k nearest others, in double precision. */
function distancesOnHost(data: ArrayLike<number>, dim: number, query: number): number[] {
  const distance = (row: number): number => {
    let sum = 0;
    for (let d = 0; d < dim; d++) sum += (data[query * dim + d] - data[row * dim + d]) ** 2;
    return sum;
  };
  const all = Float64Array.from({ length: data.length / dim }, (_, row) => distance(row));
  return [...all.sort().subarray(1, k + 1)]; // itself first
}

/** Looks at some of the points, each of which must have the distances of its nearest ones. */
async function expectNearest(index: Tensor, data: Float32Array, dim: number): Promise<void> {
  const found = await index.data();
  const numPoints = data.length / dim;
  for (let query = 0; query < numPoints; query += Math.ceil(numPoints / numChecked)) {
    const want = distancesOnHost(data, dim, query);
    for (const [j, wanted] of want.entries()) {
      const row = found[query * k + j];
      let distance = 0;
      for (let d = 0; d < dim; d++) distance += (data[query * dim + d] - data[row * dim + d]) ** 2;
      if (!(Math.abs(distance - wanted) <= (dim + 2) * 2 ** -23 * wanted))
        throw new Error(`expected distance² ${wanted} from ${query} to ${row}, got ${distance}`);
    }
  }
}

const shortest = 10_000;
const neighbors = [shortest, 10 * shortest].flatMap((numPoints) =>
  [3, 8, 24].map((dim): Workload => {
    const nameOf = (count: number) => `kNN ${count / 1000}k × ${dim}, k = ${k}`;
    const data = () => numbers(numPoints * dim, 40 + dim);
    return {
      name: nameOf(numPoints),
      flops: 3 * dim * numPoints ** 2,
      ...(numPoints > shortest && {
        like: { name: nameOf(shortest), times: (numPoints / shortest) ** 2 },
      }),
      check: ([index]) => expectNearest(index, data(), dim),
      prepare: () => {
        const x = filled([numPoints, dim], 40 + dim);
        return runsOf([x], () => knn(x, k).index);
      },
    };
  }),
);

export const searches: readonly Workload[] = [
  {
    name: "argsort of 1M floats",
    async prepare() {
      const data = numbers(million, 41);
      const x = filled([million], 41);
      await realize([x]);
      const order = Uint32Array.from(data, (_, i) => i);
      order.sort((a, b) => data[a] - data[b] || a - b);
      await expectSame(argsort(x), order);
      return runsOf([x], () => argsort(x));
    },
  },
  {
    name: "running sum of 1M",
    bytes: 2 * 4 * million,
    async prepare() {
      const x = rowNumbers(million, 1000, 42);
      let sum = 0;
      const want = Uint32Array.from(await x.data(), (value) => {
        sum += value;
        return sum;
      });
      await expectSame(cumsum(x), want);
      return runsOf([x], () => cumsum(x));
    },
  },
  ...neighbors,
];
