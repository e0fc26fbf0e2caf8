/** What do orders, running sums and neighbors made on the device cost? Checked element by element before. */
import { argsort, cumsum, type HostArray, knn, realize, type Tensor } from "../../src/index.ts";
import { kdTree } from "../../src/tracking/clustering/kdTree.ts";
import { metricOf } from "../../src/tracking/clustering/metrics.ts";
import { kNearest } from "../../src/tracking/clustering/nearest.ts";
import { filled, numbers, rowNumbers, runsOf, type Workload } from "../workload.ts";

const million = 2 ** 20;
const numPoints = 10_000;
const k = 10;

async function expectSame(result: Tensor, want: ArrayLike<number>): Promise<void> {
  const got = await result.data();
  for (let i = 0; i < want.length; i++)
    if (got[i] !== want[i]) throw new Error(`expected ${want[i]} at ${i}, got ${got[i]}`);
}

/** Squared distances from each point to its k nearest others, in double precision: f64 [numPoints, k]. */
function distancesOnHost(data: ArrayLike<number>, dim: number): Float64Array {
  const points = Float64Array.from(data);
  const found = kNearest(kdTree(points, dim, metricOf("euclidean")), points, k + 1);
  const others = found.distances.filter((_, i) => i % (k + 1) > 0); // each point finds itself first
  return others.map((distance) => distance ** 2);
}

const neighbors = [3, 8, 24].map((dim): Workload => {
  const seed = 40 + dim;
  let want: Float64Array | undefined; // the same for all backends
  return {
    name: `kNN 10k × ${dim}, k = ${k}`,
    flops: 3 * dim * numPoints ** 2,
    async prepare() {
      want ??= distancesOnHost(numbers(numPoints * dim, seed), dim);
      const x = filled([numPoints, dim], seed);
      const found: HostArray = await knn(x, k).squaredDistance.data();
      for (const [i, distance] of found.entries())
        if (Math.abs(distance - want[i]) > (dim + 2) * 2 ** -23 * want[i])
          throw new Error(`expected distance² ${want[i]} at ${i}, got ${distance}`);
      return runsOf([x], () => knn(x, k).index);
    },
  };
});

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
