/** Times one workload on an open device, after its result was found to be right. */
import { Bench } from "tinybench";
import type { Device } from "../src/index.ts";
import { checkSum, type Run, start } from "./run.ts";
import type { Workload } from "./workload.ts";

export interface Row {
  work: string;
  median: number;
  least: number;
  runs: number;
  launches: number;
  bytesPeak: number;
  gflops?: number;
  gbytes?: number;
  hitsPerSecond?: number;
  /** Of what the same device reaches with nothing else to do: a copy, or multiply-adds. */
  share?: number;
  note?: string;
}

const longest = 10_000; // ms: of a first run this long there is no second

/**
 * The row of a workload whose first result has Σ|x| = `right`, if that is known; runs for about `time` ms.
 * What takes more than twice that is run once only.
 */
export async function measure(
  workload: Workload,
  device: Device,
  { right, time }: { right: number | undefined; time: number },
): Promise<Row> {
  const run = await start(workload, device);
  if (right !== undefined) checkSum(workload, run.sum, right);
  const isFirst = run.first.ms > longest;
  // the first training step may be another graph than the later ones
  const { ms, launches } = isFirst ? run.first : await run.once();
  const times = ms > 2 * time ? { p50: ms, min: ms, samplesCount: 1 } : await repeat(run, time);
  const note = isFirst ? "its first run" : workload.note;
  const { flops, bytes, hits } = workload;
  return {
    work: workload.name,
    median: times.p50,
    least: times.min,
    runs: times.samplesCount,
    launches,
    bytesPeak: device.stats().bytesPeak,
    ...(flops && { gflops: flops / times.min / 1e6 }),
    ...(bytes && { gbytes: bytes / times.min / 1e6 }),
    ...(hits && { hitsPerSecond: (1000 * hits) / times.min }),
    ...(note && { note }),
  };
}

async function repeat(run: Run, time: number) {
  const bench = new Bench({ time, iterations: 5, warmupTime: time / 5, warmupIterations: 2 });
  bench.add("run", async () => void (await run.once()));
  await bench.run();
  const { result } = bench.tasks[0];
  if (!("latency" in result)) throw new Error(JSON.stringify(result));
  return result.latency;
}
