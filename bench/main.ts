/**
 * npm run bench [-- [--json] NAME…]   one row per workload whose name contains a NAME, on every backend here.
 *
 * Each result is compared with double precision. Rates are set beside what the
 * same device reached in the same run on the two roofs: a copy, and dependent multiply-adds.
 * A row is left out where a shorter one shows that it would take more than TG_BENCH_MOST_S (default 60) seconds;
 * asked for alone, as by "kNN 100k × 24", it is run however long it takes.
 * TG_BENCH_BACKENDS=js,wasm,wasm×2,webgpu picks backends (wasm×2: on two threads); TG_BENCH_MS is the time per row (default 1000).
 */
import { execFileSync } from "node:child_process";
import { measure, type Row } from "./measure.ts";
import { expectedSum, openNamed } from "./run.ts";
import { workloads } from "./work/index.ts";
import { copy, multiplyAdd, roofs } from "./work/roofs.ts";
import type { Workload } from "./workload.ts";

const isJson = process.argv.includes("--json");
const names = process.argv.slice(2).filter((arg) => arg !== "--json");
const backends = (process.env.TG_BENCH_BACKENDS ?? "js,wasm,wasm×2,webgpu").split(",");
const time = Number(process.env.TG_BENCH_MS ?? 1000);
const mostSeconds = Number(process.env.TG_BENCH_MOST_S ?? 60);

const isChosen = ({ name }: Workload): boolean =>
  names.length === 0 || names.some((part) => name.includes(part));
const chosen = [...roofs, ...workloads.filter((work) => isChosen(work) && !roofs.includes(work))];
const say = (text: string): void => (isJson ? console.error(text) : console.log(text));

const about = {
  commit: commit(),
  node: process.version,
  date: new Date().toISOString().slice(0, 10),
};
say(`commit ${about.commit}, Node ${about.node}, ${about.date}`);
const right = new Map<Workload, number>();
for (const workload of chosen)
  if (!workload.check) right.set(workload, await expectedSum(workload));
const tables: { device: string; rows: Row[] }[] = [];
for (const backend of backends)
  await table(backend).catch((error: Error) => {
    say(`\n${backend}: ${error.message}`);
    process.exitCode = 1;
  });
if (isJson) console.log(JSON.stringify({ ...about, devices: tables }, null, 1));

async function table(backend: string): Promise<void> {
  const rows: Row[] = [];
  let name = "";
  for (const workload of chosen) {
    const device = await openNamed(backend); // one each, so that the peak is that of the row
    if (name === "") {
      name = `${device}`;
      say(`\n${name}\n`);
      say(
        "| work | median ms | least ms | runs | launches | peak MiB | rate at best | of the roof |",
      );
      say("|---|---:|---:|---:|---:|---:|---:|---:|");
    }
    try {
      const seconds = expectedSeconds(workload, rows);
      if (seconds > mostSeconds) {
        say(`| ${workload.name} | not run: some ${seconds.toFixed(0)} s | | | | | | |`);
        continue;
      }
      const expected = { right: right.get(workload), time };
      const row = underRoof(await measure(workload, device, expected), rows);
      rows.push(row);
      say(line(row));
    } catch (error) {
      say(`| ${workload.name} | ${(error as Error).message.split("\n")[0]} | | | | | | |`);
      process.exitCode = 1;
    } finally {
      await device.close();
    }
  }
  tables.push({ device: name, rows });
}

/** By the row that is like it; 0 if none is, or it has not been run. */
function expectedSeconds({ like }: Workload, rows: readonly Row[]): number {
  const shorter = rows.find(({ work }) => work === like?.name);
  return like && shorter ? (like.times * shorter.least) / 1000 : 0;
}

/** The row with its share of what the roof of its kind reached. */
function underRoof(row: Row, rows: readonly Row[]): Row {
  const roofOf = ({ name }: Workload): Row | undefined => rows.find(({ work }) => work === name);
  const [reached, roof] = row.gflops
    ? [row.gflops, roofOf(multiplyAdd)?.gflops]
    : [row.gbytes, roofOf(copy)?.gbytes];
  return reached && roof ? { ...row, share: reached / roof } : row;
}

function line(row: Row): string {
  const { work, median, least, runs, launches, bytesPeak, share, note } = row;
  const name = note ? `${work} (${note})` : work;
  const part = share ? `${Math.round(100 * share)} %` : "";
  const peak = (bytesPeak / 2 ** 20).toFixed(1);
  return `| ${name} | ${median.toFixed(2)} | ${least.toFixed(2)} | ${runs} | ${launches} | ${peak} | ${rate(row)} | ${part} |`;
}

function rate({ gflops, gbytes, hitsPerSecond }: Row): string {
  const rates: string[] = [];
  if (hitsPerSecond) rates.push(`${Math.round(hitsPerSecond)} hits/s`);
  if (gflops) rates.push(`${gflops.toFixed(2)} GFLOP/s`);
  else if (gbytes) rates.push(`${gbytes.toFixed(2)} GB/s`);
  return rates.join(", ");
}

function commit(): string {
  try {
    return execFileSync("git", ["describe", "--always", "--dirty"], { encoding: "utf8" }).trim();
  } catch {
    return "unknown";
  }
}
