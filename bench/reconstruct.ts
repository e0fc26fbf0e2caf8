/**
 * How long does the first example of the README take on a machine without a GPU, in WebAssembly and on a
 * software adapter? Whole processes, from the command to its end, on one backend and the other in turn.
 *
 *   npm run build && npx tsx bench/reconstruct.ts [EVENT [WEIGHTS [SUBSET]]]
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";

const numRuns = 3;
const program = "dist/cli.js";
const shared = "../shared";
const [
  event = `${shared}/data/event000000001`,
  weights = `${shared}/fixtures/transformer-regressor/10to50_tml_best`,
  subset = "10:50",
] = process.argv.slice(2);
if (!existsSync(program))
  throw new Error(`bench/reconstruct: expected ${program}, got none (npm run build)`);

const folder = mkdtempSync(join(tmpdir(), "trackgrad-bench-"));
const backends = ["wasm", "webgpu"] as const;
const seconds = { wasm: [] as number[], webgpu: [] as number[] };
try {
  for (let run = 0; run < numRuns; run++)
    for (const backend of backends) seconds[backend].push(reconstruct(backend));
} finally {
  rmSync(folder, { recursive: true });
}

const [wasm, webgpu] = backends.map((backend) => seconds[backend].sort((a, b) => a - b));
console.log("| backend | median s | least s | runs |\n|---|---:|---:|---:|");
for (const [which, times] of [wasm, webgpu].entries())
  console.log(
    `| ${backends[which]} | ${median(times).toFixed(1)} | ${times[0].toFixed(1)} | ${numRuns} |`,
  );
console.log(`\nwasm takes ${(median(wasm) / median(webgpu)).toFixed(2)} of the time of webgpu`);

/** Seconds of one process. */
function reconstruct(backend: string): number {
  const model = ["--model", "transformer-regressor", "--weights", weights, "--subset", subset];
  const options = [...model, "--device", backend, "-o", join(folder, backend), "--quiet"];
  const begin = performance.now();
  execFileSync(process.execPath, [program, "reconstruct", event, ...options], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  return (performance.now() - begin) / 1000;
}

function median(times: readonly number[]): number {
  return times[times.length >> 1];
}
