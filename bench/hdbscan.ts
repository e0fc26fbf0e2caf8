/**
 * How long does exact HDBSCAN take, and where? Two kinds of data: A, well separated blobs of 200
 * points; B, 20 broad blobs and 10 % uniform noise.
 *
 *   npx tsx bench/hdbscan.ts [numPoints…]
 */
import { performance } from "node:perf_hooks";
import { randomFrom } from "../src/testing/random.ts";
import { boruvka } from "../src/tracking/clustering/boruvka.ts";
import { neighborhoods } from "../src/tracking/clustering/coreDistances.ts";
import { hdbscanFit } from "../src/tracking/clustering/hdbscan.ts";
import { kdTree } from "../src/tracking/clustering/kdTree.ts";
import { metricOf } from "../src/tracking/clustering/metrics.ts";

const numRuns = 3;

/** Gaussian blobs of width sigma around uniform centres in a box of side 20, then uniform noise. */
function blobs(numPoints: number, dim: number, numBlobs: number, sigma: number, noise: number) {
  const random = randomFrom(37);
  const normal = () =>
    Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()) * sigma;
  const centres = Array.from({ length: numBlobs * dim }, () => 20 * random());
  const numNoise = Math.round(noise * numPoints);
  const data = Float32Array.from({ length: numPoints * dim }, (_, i) => {
    const row = Math.floor(i / dim);
    if (row < numNoise) return 24 * random() - 2;
    return centres[(row % numBlobs) * dim + (i % dim)] + normal();
  });
  return { data, numPoints, dim };
}

const seconds = (work: () => unknown) => {
  const before = performance.now();
  work();
  return (performance.now() - before) / 1000;
};

const sizes = process.argv.slice(2).map(Number);
console.log("data numPoints dim minSamples | median  min  (s) | tree core spanning | labels");
for (const numPoints of sizes.length > 0 ? sizes : [1000, 10_000, 50_000]) {
  for (const dim of [3, 8]) {
    const cases = [
      { name: "A", points: blobs(numPoints, dim, Math.ceil(numPoints / 200), 0.3, 0), k: 10 },
      { name: "B", points: blobs(numPoints, dim, 20, 1, 0.1), k: 5 },
    ];
    for (const { name, points, k } of cases) {
      const options = { minClusterSize: 10, minSamples: k };
      const times = Array.from({ length: numRuns }, () =>
        seconds(() => hdbscanFit(points, options)),
      ).sort((a, b) => a - b);
      const data = Float64Array.from(points.data);
      let tree = kdTree(data, dim, metricOf("euclidean"));
      const ofTree = seconds(() => {
        tree = kdTree(data, dim, metricOf("euclidean"));
      });
      let core = neighborhoods(tree, k);
      const ofCore = seconds(() => {
        core = neighborhoods(tree, k);
      });
      const ofSpanning = seconds(() => boruvka(tree, core));
      const numLabels = hdbscanFit(points, options).persistence.length;
      console.log(
        [name, numPoints, dim, k, "|", times[numRuns >> 1].toFixed(2), times[0].toFixed(2), "|"]
          .concat([ofTree, ofCore, ofSpanning].map((t) => t.toFixed(2)))
          .concat(["|", numLabels])
          .join("  "),
      );
    }
  }
}
const { maxRSS } = process.resourceUsage();
console.log(`peak resident ${Math.round(maxRSS / 1024)} MiB`);
