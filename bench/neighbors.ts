/**
 * How long does the host take to find the 10 nearest others of each point, by k-d tree? To be read beside
 * the rows "kNN" of `npm run bench`, which look at every pair.
 *
 *   npx tsx bench/neighbors.ts [numPoints…]
 */
import { performance } from "node:perf_hooks";
import { nearestGraph } from "../src/tracking/index.ts";
import { numbers } from "./workload.ts";

const numRuns = 3;
const sizes = process.argv.slice(2).map(Number);
console.log("| points | dim | median ms | least ms |\n|---:|---:|---:|---:|");
for (const numPoints of sizes.length > 0 ? sizes : [10_000])
  for (const dim of [3, 8, 24]) {
    const points = { data: numbers(numPoints * dim, 40 + dim), numPoints, dim };
    const times = Array.from({ length: numRuns }, () => {
      const before = performance.now();
      nearestGraph(points, { k: 10 });
      return performance.now() - before;
    }).sort((a, b) => a - b);
    const [median, least] = [times[numRuns >> 1], times[0]].map((ms) => ms.toFixed(0));
    console.log(`| ${numPoints} | ${dim} | ${median} | ${least} |`);
  }
