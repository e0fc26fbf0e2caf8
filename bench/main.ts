/**
 * npm run bench [-- NAME…]   one row per workload whose name contains a NAME, on every backend here.
 *
 * TG_BENCH_BACKENDS=js,webgpu picks backends; TG_BENCH_MS is the time per row (default 1000).
 */
import { execFileSync } from "node:child_process";
import { Bench } from "tinybench";
import type { BackendName } from "../src/index.ts";
import { openDevice } from "../src/node/open.ts";
import type { Workload } from "./repeat.ts";
import { workloads } from "./workloads.ts";

const names = process.argv.slice(2);
const backends = (process.env.TG_BENCH_BACKENDS ?? "js,webgpu").split(",") as BackendName[];
const time = Number(process.env.TG_BENCH_MS ?? 1000);
const chosen = workloads.filter(
  ({ name }) => names.length === 0 || names.some((n) => name.includes(n)),
);

console.log(
  `commit ${commit()}, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}`,
);
for (const backend of backends) {
  const device = await openDevice({ backend }).catch((error: Error) => error);
  if (device instanceof Error) {
    console.log(`\n${backend}: ${device.message}`);
    continue;
  }
  console.log(
    `\n${device}\n\n| work | median ms | least ms | runs | launches | rate at the median |\n|---|---:|---:|---:|---:|---:|`,
  );
  for (const workload of chosen) {
    if (workload.isOnHost && backend !== backends[0]) continue;
    const run = await workload.prepare();
    await run(); // the first training step is another graph than the later ones
    const before = device.stats();
    await run();
    const launches = device.stats().launches - before.launches;
    const bench = new Bench({ time, iterations: 5, warmupTime: time / 5, warmupIterations: 2 });
    bench.add(workload.name, async () => void (await run()));
    await bench.run();
    const result = bench.tasks[0].result;
    if (!("latency" in result)) throw new Error(`${workload.name}: ${JSON.stringify(result)}`);
    const { p50, min, samplesCount } = result.latency;
    console.log(
      `| ${workload.name} | ${p50.toFixed(2)} | ${min.toFixed(2)} | ${samplesCount} | ${launches} | ${rate(workload, p50)} |`,
    );
  }
  await device.close();
}

function rate({ flops, bytes }: Workload, ms: number): string {
  if (flops) return `${(flops / ms / 1e6).toFixed(2)} GFLOP/s`;
  return bytes ? `${(bytes / ms / 1e6).toFixed(2)} GB/s` : "";
}

function commit(): string {
  try {
    return execFileSync("git", ["describe", "--always", "--dirty"], { encoding: "utf8" }).trim();
  } catch {
    return "unknown";
  }
}
