/**
 * npm run -s bench:peer -- js|wasm|wasm×2|webgpu [cold]
 *
 * Our rows of the workloads that other libraries are measured by, one JSON object a line, so that one
 * script can put all of them into one table: same inputs, same rule for repeats, completion awaited.
 * ONLY=mm512,softmax picks rows; COUNT=1 adds what one run submits; `cold` is the time from the start
 * of the process to a first 64×64 product on the host.
 */
import { matmul } from "../src/index.ts";
import { openNamed, start } from "./run.ts";
import { workloads } from "./work/index.ts";
import { filled, type Workload } from "./workload.ts";

const [backend = "js", mode] = process.argv.slice(2);
const peer = `trackgrad ${backend}`;
const only = process.env.ONLY?.split(",");
const say = (row: object) => console.log(JSON.stringify({ peer, ...row }));

const device = await openNamed(backend);
if (mode === "cold") {
  await matmul(filled([64, 64], 1), filled([64, 64], 2)).data();
  say({ w: "cold", ms: rounded(performance.now()), n: 1 });
} else
  for (const workload of workloads) {
    const { peer: w } = workload;
    if (!w || (only && !only.includes(w))) continue;
    await measure(w, workload).catch((error: Error) =>
      say({ w, err: error.message.split("\n")[0].slice(0, 220) }),
    );
  }
await device.close();

async function measure(w: string, workload: Workload): Promise<void> {
  const before = performance.now();
  const { once, sum } = await start(workload, device);
  const first = performance.now() - before;
  await once();
  const times = await repeat(once, first);
  const counted = device.stats();
  await once();
  const { launches, submits } = device.stats();
  const cnt = { d: launches - counted.launches, s: submits - counted.submits };
  say({
    w,
    ms: rounded(times[times.length >> 1]),
    min: rounded(times[0]),
    first: rounded(first),
    n: times.length,
    check: sum,
    ...(workload.note && { note: workload.note }),
    ...(process.env.COUNT && { cnt }),
  });
}

/** 5 to 25 runs in 2 to 12 s; fewer of what is slow. Sorted times in ms. */
async function repeat(once: () => Promise<unknown>, first: number): Promise<number[]> {
  const least = first > 1500 ? 2 : 5;
  const most = first > 2500 ? 2 : 25;
  const times: number[] = [];
  const begin = performance.now();
  const spent = () => performance.now() - begin;
  while (times.length < most && spent() < 12_000 && (times.length < least || spent() < 2000)) {
    const before = performance.now();
    await once();
    times.push(performance.now() - before);
  }
  return times.sort((a, b) => a - b);
}

function rounded(ms: number): number {
  return Math.round(1000 * ms) / 1000;
}
