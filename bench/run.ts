/** Runs workloads: computes, waits, and compares the first result with double precision. */
import { type BackendName, type Device, realize } from "../src/index.ts";
import { openDevice } from "../src/node/open.ts";
import { sumOfAbsolutes, type Workload } from "./workload.ts";

/** The backend of a name like `js` or `webgpu`; `wasm` is on one thread, `wasm×2` on two. */
export function openNamed(name: string): Promise<Device> {
  const [backend, threads = "1"] = name.split("×");
  return openDevice({ backend: backend as BackendName, threads: Number(threads) });
}

/** How long one run took, from recording to the end of the work. */
export interface Timed {
  ms: number;
  launches: number;
}

export interface Run {
  once: () => Promise<Timed>;
  first: Timed;
  /** Σ|x| of the first run. */
  sum: number;
}

/** Prepares the workload on the device and does it once. */
export async function start(workload: Workload, device: Device): Promise<Run> {
  const record = await workload.prepare();
  const timed = async () => {
    const [begin, { launches }] = [performance.now(), device.stats()];
    const results = record();
    await realize(results);
    await device.idle();
    const ms = performance.now() - begin;
    return { results, ms, launches: device.stats().launches - launches };
  };
  const { results, ...first } = await timed();
  await workload.check?.(results);
  const sum = await sumOfAbsolutes(results);
  const once = async () => {
    const { results, ...run } = await timed();
    for (const result of results) result.dispose();
    return run;
  };
  return { once, first, sum };
}

const expected = new Map<Workload, number>();

/** Σ|x| in double precision. The oracle's device is the current one afterwards: open yours later. */
export async function expectedSum(workload: Workload): Promise<number> {
  const known = expected.get(workload);
  if (known !== undefined) return known;
  const oracle = await openDevice({ backend: "js-f64" });
  const { sum } = await start(workload, oracle);
  await oracle.close();
  expected.set(workload, sum);
  return sum;
}

/** Throws if a result is not the one in double precision. */
export function checkSum({ name, tolerance = 1e-5 }: Workload, sum: number, right: number): void {
  const off = Math.abs(sum - right) / Math.abs(right);
  if (!(off <= tolerance))
    throw new Error(`${name}: expected Σ|x| = ${right} within ${tolerance}, got ${sum}`);
}
