/**
 * How long does exact HDBSCAN take, and where? Two kinds of data: A, well separated blobs of 200
 * points; B, 20 broad blobs and 10 % uniform noise. Each row is a process of its own, so that its
 * memory is its own. Beside seconds of the clock, those of processors: other programs on the machine
 * lengthen them less.
 *
 *   npx tsx bench/hdbscan.ts [--dims 3,8,24] [numPoints…]
 */
import { execFileSync } from "node:child_process";
import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { randomFrom } from "../src/testing/random.ts";
import { boruvka } from "../src/tracking/clustering/boruvka.ts";
import { neighborhoods } from "../src/tracking/clustering/coreDistances.ts";
import { hdbscanFit } from "../src/tracking/clustering/hdbscan.ts";
import { kdTree } from "../src/tracking/clustering/kdTree.ts";
import { metricOf } from "../src/tracking/clustering/metrics.ts";

const numRuns = 3;
const shortRun = 20; // seconds: longer ones are not repeated

const { values, positionals } = parseArgs({
  options: { dims: { type: "string", default: "3,8,24" }, row: { type: "string" } },
  allowPositionals: true,
});
if (values.row === undefined) table();
else row(JSON.parse(values.row) as Case);

interface Case {
  name: "A" | "B";
  numPoints: number;
  dim: number;
}

function table(): void {
  const sizes = positionals.length > 0 ? positionals.map(Number) : [10_000, 50_000, 100_000];
  const dims = values.dims.split(",").map(Number);
  console.log(
    "| data | points | dim | minSamples | median s | least s | cpu s | tree | core | spanning | clusters | MiB |",
  );
  console.log(`|---|${"---:|".repeat(11)}`);
  for (const numPoints of sizes)
    for (const dim of dims)
      for (const name of ["A", "B"] as const) {
        const args = [fileURLToPath(import.meta.url), "--row"];
        const asked: Case = { name, numPoints, dim };
        const child = [...process.execArgv, ...args, JSON.stringify(asked)];
        process.stdout.write(execFileSync(process.execPath, child, { encoding: "utf8" }));
      }
}

function row({ name, numPoints, dim }: Case): void {
  const points =
    name === "A"
      ? blobs(numPoints, dim, Math.ceil(numPoints / 200), 0.3, 0)
      : blobs(numPoints, dim, 20, 1, 0.1);
  const minSamples = name === "A" ? 10 : 5;
  const options = { minClusterSize: 10, minSamples };
  let numClusters = 0;
  const times: { wall: number; cpu: number }[] = [];
  while (times.length < numRuns && !(times.length > 0 && times[0]!.wall > shortRun))
    times.push(
      seconds(() => {
        numClusters = hdbscanFit(points, options).persistence.length;
      }),
    );
  const walls = times.map(({ wall }) => wall).sort((a, b) => a - b);
  const cpu = Math.min(...times.map((time) => time.cpu));

  const data = Float64Array.from(points.data);
  let tree = kdTree(data, dim, metricOf("euclidean"));
  const ofTree = seconds(() => {
    tree = kdTree(data, dim, metricOf("euclidean"));
  });
  let around = neighborhoods(tree, 1);
  const ofCore = seconds(() => {
    around = neighborhoods(tree, minSamples);
  });
  const ofSpanning = seconds(() => boruvka(tree, around));
  const parts = [ofTree, ofCore, ofSpanning].map(({ wall }) => wall);
  const peak = Math.round(process.resourceUsage().maxRSS / 1024);
  const cells = [walls[walls.length >> 1]!, walls[0]!, cpu, ...parts].map((s) => s.toFixed(2));
  console.log(`| ${[name, numPoints, dim, minSamples, ...cells, numClusters, peak].join(" | ")} |`);
}

/** Gaussian blobs of width sigma around uniform centers in a box of side 20, then uniform noise. */
function blobs(numPoints: number, dim: number, numBlobs: number, sigma: number, noise: number) {
  const random = randomFrom(37);
  const normal = () =>
    Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()) * sigma;
  const centers = Array.from({ length: numBlobs * dim }, () => 20 * random());
  const numNoise = Math.round(noise * numPoints);
  const data = Float32Array.from({ length: numPoints * dim }, (_, i) => {
    const row = Math.floor(i / dim);
    if (row < numNoise) return 24 * random() - 2;
    return centers[(row % numBlobs) * dim + (i % dim)]! + normal();
  });
  return { data, numPoints, dim };
}

/** How long the work took, and how long processors worked for this process meanwhile. */
function seconds(work: () => unknown): { wall: number; cpu: number } {
  const [before, cpuBefore] = [performance.now(), process.cpuUsage()];
  work();
  const { user, system } = process.cpuUsage(cpuBefore);
  return { wall: (performance.now() - before) / 1000, cpu: (user + system) / 1e6 };
}
