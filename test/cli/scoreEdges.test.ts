import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { filesIn, folder, run, writeEvent } from "./helpers.ts";

// particle p has the hits 10p − 7, 10p − 5, …, 10p + 1 from the inside out: 16 segments in all
const hit = (particle: number, layer: number) => 10 * particle - 7 + 2 * layer;
const segmentsOf = (particle: number) =>
  [0, 1, 2, 3].map((l) => [hit(particle, l), hit(particle, l + 1)]);
const backwards = segmentsOf(2).map(([a, b]) => [b, a]);
const wrong = [
  [hit(1, 0), hit(2, 1)],
  [hit(3, 0), 43], // noise
];
const csv = (edges: number[][]) =>
  ["source,target,score", ...edges.map((e) => e.join())].join("\n");
const scored = [
  ...[...segmentsOf(1), ...backwards].map((edge) => [...edge, 0.9]),
  ...wrong.map((edge) => [...edge, 0.2]),
];

test("score judges edges: segments found either way, edges that are true, what scores are worth", async () => {
  const here = folder();
  const prefix = writeEvent(here);
  const [edges, page, svg] = ["edges.csv", "edges.html", "svg"].map((name) => join(here, name));
  writeFileSync(edges, csv(scored));
  const args = ["score", edges, `${prefix}-truth.csv`, "--report", page, "--svg", svg];
  const { code, stdout } = await run(...args, "--json");
  expect(code).toBe(0);
  const [found] = JSON.parse(stdout).events;
  expect(found).toMatchObject({ hits: 21, edges: 10, segments: 16, auc: 1, f1: 1 });
  expect([found.efficiency, found.purity]).toEqual([8 / 16, 8 / 10]);
  expect(found.byPt[0].efficiency).toMatchObject({ passed: 8, total: 16 });
  expect(readFileSync(page, "utf8")).toContain("10 edges");
  expect(filesIn(svg)).toEqual([
    "efficiency-and-purity-1.svg",
    "efficiency-and-purity-2.svg",
    "scores-of-edges-1.svg",
    "scores-of-edges-2.svg",
  ]);
  writeFileSync(edges, csv(scored.slice(0, 3)).replaceAll(/,[^,\n]*$/gm, "")); // without scores
  const bare = await run("score", edges, `${prefix}-truth.csv`);
  expect(bare.stdout).toMatch(
    /^event +hits +edges +segments +efficiency +purity\n\w+ +21 +3 +16 +0\.188 +1\n/,
  );
});

test.each([
  [
    "an edge to no hit",
    [[3, 4, 0.5]],
    /edges\.csv line 2: expected hits of event000000009, got 4$/,
  ],
  [
    "a score above 1",
    [
      [3, 5, 1],
      [5, 7, 2],
    ],
    /edges\.csv line 3: expected a score from 0 to 1, got 2$/,
  ],
])("score refuses %s", async (_, edges, message) => {
  const here = folder();
  writeFileSync(join(here, "edges.csv"), csv(edges));
  const truth = `${writeEvent(here)}-truth.csv`;
  const { code, stderr } = await run("score", join(here, "edges.csv"), truth);
  expect(stderr).toMatch(message);
  expect([code, stderr.split("\n").length]).toEqual([2, 1]);
});

test("score of edges needs the hits, and judges no edges at all", async () => {
  const here = folder();
  const truth = `${writeEvent(here)}-truth.csv`;
  const edges = join(here, "edges.csv");
  writeFileSync(edges, csv([]));
  const page = ["--report", join(here, "none.html")];
  const { code, stdout } = await run("score", edges, truth, ...page, "--json");
  expect(code).toBe(0);
  expect(JSON.parse(stdout).events[0]).toMatchObject({ edges: 0, efficiency: 0, purity: null });
  const alone = join(folder(), "a-truth.csv");
  writeFileSync(alone, readFileSync(truth));
  const refused = await run("score", edges, alone);
  expect(refused.stderr).toMatch(
    /^trackgrad: .*a-truth\.csv: expected hits and particles beside it, got none$/,
  );
});
