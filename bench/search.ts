/** Sorting and searching; each result is compared with the host's before it is measured. */
import { argsort, cumsum, type HostArray, indices, knn, Rng, realize } from "../src/index.ts";
import { kdTree } from "../src/tracking/clustering/kdTree.ts";
import { metricOf } from "../src/tracking/clustering/metrics.ts";
import { kNearest } from "../src/tracking/clustering/nearest.ts";
import { repeat, type Workload } from "./repeat.ts";

const million = 2 ** 20;
const numPoints = 10_000;
const k = 10;

function expectSame(what: string, got: ArrayLike<number>, want: ArrayLike<number>): void {
  for (let i = 0; i < want.length; i++)
    if (got[i] !== want[i]) throw new Error(`${what}: expected ${want[i]} at ${i}, got ${got[i]}`);
}

/** Rows of the k nearest others of each point, in double precision. */
function nearestOnHost(data: HostArray, dim: number): Int32Array {
  const points = Float64Array.from(data);
  const { rows } = kNearest(kdTree(points, dim, metricOf("euclidean")), points, k + 1);
  return rows.filter((_, i) => i % (k + 1) > 0); // each point finds itself first
}

const searches = [3, 8, 24].flatMap((dim): Workload[] => {
  const points = () => new Rng(7).normal([numPoints, dim]);
  return [
    {
      name: `kNN 10k × ${dim}, k = ${k}`,
      flops: 3 * dim * numPoints ** 2,
      async prepare() {
        const x = points();
        await realize([x]);
        const [data, rows] = [await x.data(), await knn(x, k).index.data()];
        const distance = (q: number, row: number) => {
          let sum = 0;
          for (let d = 0; d < dim; d++) sum += (data[q * dim + d] - data[row * dim + d]) ** 2;
          return sum;
        };
        // near ties may change places: distances are off by a few roundings of f32 at most
        for (const [i, row] of nearestOnHost(data, dim).entries()) {
          const [got, want] = [rows[i], row].map((r) => distance(Math.floor(i / k), r));
          if (Math.abs(got - want) > (dim + 2) * 2 ** -23 * want)
            throw new Error(`knn: expected distance² ${want} at ${i}, got ${got}`);
        }
        return repeat([x], () => knn(x, k).index);
      },
    },
    {
      name: `kNN 10k × ${dim}, k = ${k}, k-d tree`,
      isOnHost: true,
      async prepare() {
        const data = await points().data();
        return async () => nearestOnHost(data, dim);
      },
    },
  ];
});

export const searchWorkloads: readonly Workload[] = [
  {
    name: "argsort of 1M floats",
    async prepare() {
      const x = new Rng(7).normal([million]);
      await realize([x]);
      const data = await x.data();
      const want = Uint32Array.from({ length: million }, (_, i) => i);
      want.sort((a, b) => data[a] - data[b] || a - b);
      expectSame("argsort", await argsort(x).data(), want);
      return repeat([x], () => argsort(x));
    },
  },
  {
    name: "running sum of 1M",
    bytes: 2 * 4 * million,
    async prepare() {
      const x = indices(Uint32Array.from({ length: million }, (_, i) => i % 1000));
      let sum = 0;
      const want = Uint32Array.from(await x.data(), (value) => {
        sum += value;
        return sum;
      });
      expectSame("cumsum", await cumsum(x).data(), want);
      return repeat([x], () => cumsum(x));
    },
  },
  ...searches,
];
