import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { workloads } from "../bench/work/index.ts";

test("the names of workloads are the only ones of their kind", () => {
  for (const names of [
    workloads.map(({ name }) => name),
    workloads.flatMap(({ peer }) => peer ?? []),
  ])
    expect(new Set(names).size).toBe(names.length);
});

test("long rows are judged by shorter ones that stand before them", () => {
  for (const [which, { like }] of workloads.entries())
    if (like) expect(workloads.slice(0, which).map(({ name }) => name)).toContain(like.name);
});

describe("bench:peer", () => {
  test("prints one JSON object a line for the rows that were asked for", () => {
    const env = { ...process.env, ONLY: "gather,chain1000", COUNT: "1" };
    const args = ["--import", "tsx", "bench/peer.ts", "js"];
    const lines = execFileSync(process.execPath, args, { encoding: "utf8", env }).trim();
    const rows = lines.split("\n").map((line) => JSON.parse(line));
    expect(rows.map(({ w }) => w)).toEqual(["chain1000", "gather"]);
    for (const row of rows) {
      expect(row).toMatchObject({ peer: "trackgrad js", cnt: { d: 1, s: 1 } });
      expect(row.min).toBeLessThanOrEqual(row.ms);
      expect(row.n).toBeGreaterThanOrEqual(2);
    }
  });
});
