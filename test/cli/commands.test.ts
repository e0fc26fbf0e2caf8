import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { filesIn, folder, run, writeEvent, writeWeights } from "./helpers.ts";

test("without a verb, the verbs are printed", async () => {
  const { code, stdout } = await run();
  expect(code).toBe(0);
  for (const verb of ["cluster", "devices", "explain", "reconstruct", "score"])
    expect(stdout).toContain(verb);
});

test.each(["cluster", "devices", "explain", "reconstruct", "score"])(
  "%s --help explains its options",
  async (verb) => {
    const { code, stdout } = await run(verb, "--help");
    expect(code).toBe(0);
    for (const option of ["--json", "--device", "--threads", "--seed", "--quiet"])
      expect(stdout).toContain(option);
  },
);

test("reconstruct writes tracks that score reads back to the same numbers", async () => {
  const here = folder();
  const [prefix, weights, out] = [writeEvent(here), await writeWeights(here), join(here, "out")];
  const args = ["reconstruct", prefix, "--model", "transformer-regressor", "--weights", weights];
  const options = [
    "--device",
    "js",
    "--json",
    "--min-cluster-size",
    "3",
    "--min-samples",
    "2",
    "-o",
    out,
  ];
  const made = await run(...args, ...options);
  expect(made.code).toBe(0);
  const { events, mean } = JSON.parse(made.stdout);
  expect(events).toHaveLength(1);
  expect(events[0]).toMatchObject({ event: "event000000009", hits: 21 });
  expect(mean.trackml).toBe(events[0].trackml);

  expect(filesIn(out)).toEqual(["event000000009-tracks.csv"]);
  const tracks = join(out, "event000000009-tracks.csv");
  expect(readFileSync(tracks, "utf8")).toMatch(/^hit_id,track_id\n/);
  const scored = await run("score", tracks, `${prefix}-truth.csv`, "--json");
  const [report] = JSON.parse(scored.stdout).events;
  expect(report).toMatchObject(events[0]);
  expect(report.byPt).toHaveLength(4);
});

test("reconstruct cuts an event into as many sub-events as asked, the same for one seed", async () => {
  const here = folder();
  const [prefix, weights] = [writeEvent(here), await writeWeights(here)];
  const args = ["reconstruct", prefix, "--model", "transformer-regressor", "--weights", weights];
  const subsets = ["--device", "js", "--json", "--quiet", "--subset", "2:4", "--subsets", "7"];
  const first = await run(...args, ...subsets);
  expect(JSON.parse(first.stdout).events).toHaveLength(7);
  expect((await run(...args, ...subsets)).stdout).toBe(first.stdout);
  expect((await run(...args, ...subsets, "--seed", "2")).stdout).not.toBe(first.stdout);
});

test("a perfect submission scores 1", async () => {
  const here = folder();
  const prefix = writeEvent(here);
  const rows = readFileSync(`${prefix}-truth.csv`, "utf8").trim().split("\n").slice(1);
  const ids = rows.map((row) => row.split(",").slice(0, 2));
  const labels = new Map(
    [...new Set(ids.map(([, particle]) => particle))].map((p, label) => [p, label]),
  );
  const submission = join(here, "perfect.csv");
  writeFileSync(
    submission,
    ["hit_id,track_id", ...ids.map(([hit, p]) => `${hit},${labels.get(p)}`)].join("\n"),
  );
  const { stdout } = await run("score", submission, `${prefix}-truth.csv`, "--json");
  expect(JSON.parse(stdout).mean).toMatchObject({ perfect: 1, doubleMajority: 1 });
  expect(JSON.parse(stdout).mean.trackml).toBeCloseTo(1, 12);
});

test("cluster labels two piles of points", async () => {
  const here = folder();
  const file = join(here, "points.csv");
  const pile = (x: number) =>
    Array.from({ length: 8 }, (_, i) => `${x + 0.01 * i * i},${0.02 * i}`);
  writeFileSync(file, ["x,y", ...pile(0), ...pile(9)].join("\n"));
  const { code, stdout } = await run(
    "cluster",
    file,
    "--json",
    "--min-cluster-size",
    "4",
    "-o",
    join(here, "labels.csv"),
  );
  expect(code).toBe(0);
  const { labels, clusters, noise } = JSON.parse(stdout);
  expect({ clusters, noise }).toEqual({ clusters: 2, noise: 0 });
  expect(new Set(labels.slice(0, 8)).size + new Set(labels.slice(8)).size).toBe(2);
  expect(readFileSync(join(here, "labels.csv"), "utf8").split("\n")).toHaveLength(18);
});

test("cluster labels hits by coordinates that follow from x, y and z, for score and view", async () => {
  const here = folder();
  const prefix = writeEvent(here); // straight tracks, each at an angle of its own
  const tracks = join(here, "tracks.csv");
  const args = ["cluster", `${prefix}-hits.csv`, "--method", "dbscan", "--submission", tracks];
  const angle = ["--columns", "phi", "--min-samples", "2"];
  expect((await run(...args, ...angle, "--eps", "0.001")).code).toBe(0);
  const scored = await run("score", tracks, `${prefix}-truth.csv`, "--json", "--quiet");
  expect(JSON.parse(scored.stdout).mean).toMatchObject({ perfect: 1, lhc: 1 });

  const scan = await run(...args, ...angle, "--eps", "0.001,0.1");
  expect(scan.stderr).toBe("trackgrad: --submission: expected one distance, got 2");
  const table = join(here, "points.csv");
  writeFileSync(table, "a,b\n1,2\n");
  const strange = await run("cluster", table, "--submission", tracks);
  expect(strange.stderr).toMatch(/points\.csv line 1: expected a column hit_id/);
  const placeless = await run("cluster", table, "--columns", "phi");
  expect(placeless.stderr).toMatch(/points\.csv line 1: expected a column x/);
});

test("cluster scans radii and cuts, and finds components", async () => {
  const here = folder();
  const [file, out] = [join(here, "points.csv"), join(here, "labels.csv")];
  writeFileSync(file, "x\n0\n1\n2\n2.5\n9\n");
  const radii = ["--method", "cc", "--eps", "0.6,1,10"];
  const scan = await run("cluster", file, "--json", ...radii, "-o", out);
  expect([scan.code, scan.stderr]).toEqual([0, ""]);
  const document = JSON.parse(scan.stdout);
  expect(document.points).toBe(5);
  const summaries = document.scan.map((at: { eps: number; clusters: number; labels: number[] }) => [
    at.eps,
    at.clusters,
    at.labels,
  ]);
  expect(summaries).toEqual([
    [0.6, 4, [0, 1, 2, 2, 3]],
    [1, 2, [0, 0, 0, 0, 1]],
    [10, 1, [0, 0, 0, 0, 0]],
  ]);
  expect(readFileSync(out, "utf8").split("\n")[0]).toBe("row,label_0.6,label_1,label_10");

  const size = ["--min-cluster-size", "2", "--min-samples", "1"];
  const cut = await run("cluster", file, ...size, "--cut", "0.7,1.5");
  expect(cut.stdout).toContain("cut");
  expect(
    cut.stdout
      .trim()
      .split("\n")
      .slice(-2)
      .map((line) => line.match(/\d[\d.]*/g)),
  ).toEqual([
    ["0.700", "5", "1", "3"],
    ["1.500", "5", "1", "1"],
  ]);
});

test("cluster labels by a radius with --method dbscan", async () => {
  const here = folder();
  const [file, out] = [join(here, "points.csv"), join(here, "labels.csv")];
  writeFileSync(file, "x\n0\n1\n2\n2.5\n9\n");
  const method = ["--method", "dbscan", "--eps", "1", "--min-samples", "3"];
  const { code, stdout, stderr } = await run("cluster", file, "--json", ...method, "-o", out);
  expect([code, stderr]).toEqual([0, ""]);
  expect(JSON.parse(stdout)).toEqual({
    points: 5,
    clusters: 1,
    noise: 1,
    labels: [0, 0, 0, 0, -1],
    is_core: [0, 1, 1, 0, 0],
  });
  const rows = readFileSync(out, "utf8").split("\n");
  expect(rows.slice(0, 3)).toEqual(["row,label,is_core", "0,0,0", "1,0,1"]);
});
