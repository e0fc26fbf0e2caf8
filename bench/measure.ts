/** Times one workload on an open device, after its result was found to be right. */
import { Bench } from "tinybench";
import type { Device } from "../src/index.ts";
import { checkSum, start } from "./run.ts";
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

/** The row of a workload whose first result has Σ|x| = `right`; runs for about `time` ms. */
export async function measure(
  workload: Workload,
  device: Device,
  { right, time }: { right: number; time: number },
): Promise<Row> {
  const run = await start(workload, device);
  checkSum(workload, run.sum, right);
  await run.once(); // the first training step may be another graph than the later ones
  const before = device.stats().launches;
  await run.once();
  const { launches, bytesPeak } = device.stats();
  const bench = new Bench({ time, iterations: 5, warmupTime: time / 5, warmupIterations: 2 });
  bench.add(workload.name, () => run.once());
  await bench.run();
  const result = bench.tasks[0].result;
  if (!("latency" in result)) throw new Error(JSON.stringify(result));
  const { p50, min, samplesCount } = result.latency;
  const { flops, bytes, hits, note } = workload;
  return {
    work: workload.name,
    median: p50,
    least: min,
    runs: samplesCount,
    launches: launches - before,
    bytesPeak,
    ...(flops && { gflops: flops / min / 1e6 }),
    ...(bytes && { gbytes: bytes / min / 1e6 }),
    ...(hits && { hitsPerSecond: (1000 * hits) / min }),
    ...(note && { note }),
  };
}
