/**
 * How long does exact HDBSCAN take, and where? Two kinds of data: A, well separated blobs of 200
 * points; B, 20 broad blobs and 10 % uniform noise. Each row is a process of its own, so that its
 * memory is its own. Beside seconds of the clock, those of processors: other programs on the machine
 * lengthen them less.
 *
 *   npx tsx bench/hdbscan.ts [--dims 3,8,24] [--data A,B] [--threads 1,2] [numPoints…]
 *
 * One row alone: --dims 24 --data B --threads 2 50000.
 */
import { execFileSync } from "node:child_process";
import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { ClusteringThreads } from "../src/node/index.ts";
import { randomFrom } from "../src/testing/random.ts";
import { type HdbscanFit, hdbscanFitAsync } from "../src/tracking/index.ts";

const numRuns = 3;
const shortRun = 20; // seconds: longer ones are not repeated

const { values, positionals } = parseArgs({
  options: {
    dims: { type: "string", default: "3,8,24" },
    data: { type: "string", default: "A,B" },
    threads: { type: "string", default: "1" },
    row: { type: "string" },
  },
  allowPositionals: true,
});
if (values.row === undefined) table();
else await row(JSON.parse(values.row) as Case);

interface Case {
  name: "A" | "B";
  numPoints: number;
  dim: number;
  threads: number; // 1 is none but that of the caller
}

function table(): void {
  const sizes = positionals.length > 0 ? positionals.map(Number) : [10_000, 50_000, 100_000];
  const [dims, teams] = [values.dims, values.threads].map((list) => list.split(",").map(Number));
  const names = values.data.split(",") as Case["name"][];
  console.log(
    "| data | points | dim | minSamples | threads | median s | least s | cpu s | tree | core | spanning | clusters | MiB |",
  );
  console.log(`|---|${"---:|".repeat(12)}`);
  for (const numPoints of sizes)
    for (const dim of dims)
      for (const name of names)
        for (const threads of teams) {
          const args = [fileURLToPath(import.meta.url), "--row"];
          const asked: Case = { name, numPoints, dim, threads };
          const child = [...process.execArgv, ...args, JSON.stringify(asked)];
          process.stdout.write(execFileSync(process.execPath, child, { encoding: "utf8" }));
        }
}

async function row({ name, numPoints, dim, threads: count }: Case): Promise<void> {
  const points =
    name === "A"
      ? blobs(numPoints, dim, Math.ceil(numPoints / 200), 0.3, 0)
      : blobs(numPoints, dim, 20, 1, 0.1);
  const minSamples = name === "A" ? 10 : 5;
  const threads = count === 1 ? undefined : new ClusteringThreads({ count, leastPoints: 0 });
  const runs: Run[] = [];
  while (runs.length < numRuns && !(runs.length > 0 && runs[0]!.wall > shortRun))
    runs.push(
      await timed((onStep) =>
        hdbscanFitAsync(points, {
          ...{ minClusterSize: 10, minSamples, threads },
          onProgress: ({ step }) => onStep(step),
        }),
      ),
    );
  await threads?.close();
  const byTime = runs.toSorted((a, b) => a.wall - b.wall);
  const [least, median] = [byTime[0]!, byTime[byTime.length >> 1]!];
  const cpu = Math.min(...runs.map((run) => run.cpu));
  const times = [median.wall, least.wall, cpu, ...least.parts].map((s) => s.toFixed(2));
  const peak = Math.round(process.resourceUsage().maxRSS / 1024);
  const { numClusters } = least;
  console.log(
    `| ${[name, numPoints, dim, minSamples, count, ...times, numClusters, peak].join(" | ")} |`,
  );
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

/** Seconds of the clock and of processors. */
interface Run {
  wall: number;
  cpu: number;
  parts: number[]; // until core distances, until the spanning tree, until the end
  numClusters: number;
}

async function timed(work: (onStep: (step: string) => void) => Promise<HdbscanFit>): Promise<Run> {
  const [start, cpuBefore] = [performance.now(), process.cpuUsage()];
  const begun = new Map<string, number>(); // when each step first said something
  const { persistence } = await work((step) => {
    if (!begun.has(step)) begun.set(step, performance.now());
  });
  const { user, system } = process.cpuUsage(cpuBefore);
  const marks = [start, ...begun.values(), performance.now()];
  const parts = marks.slice(1).map((mark, i) => (mark - marks[i]!) / 1000);
  return {
    wall: (performance.now() - start) / 1000,
    cpu: (user + system) / 1e6,
    parts,
    numClusters: persistence.length,
  };
}
