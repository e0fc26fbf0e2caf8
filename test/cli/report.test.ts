import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { reportPage } from "../../src/cli/report.ts";
import { runReport } from "../../src/cli/runReport.ts";
import { readEvent } from "../../src/node/events.ts";
import { submissionFromTracks, writeSubmission } from "../../src/tracking/index.ts";
import { filesIn, folder, run, writeEvent } from "./helpers.ts";

test("a report says what it was given, as text, and needs no script without plots", async () => {
  const html = await reportPage({
    title: "a <b> & c",
    sections: [
      {
        heading: "Numbers",
        text: "x < y",
        table: {
          head: ["name", "value"],
          rows: [
            ["<one>", 1],
            ["two", Number.NaN],
            ["three", 1 / 3],
          ],
        },
        source: "key: <value>",
      },
    ],
  });
  for (const text of [
    "a &lt;b&gt; &amp; c",
    "x &lt; y",
    "&lt;one&gt;",
    "–",
    "0.3333",
    "key: &lt;value&gt;",
  ])
    expect(html).toContain(text);
  expect(html).toContain("<script></script>");
});

/** A run directory as `train` leaves it. */
function runFolder(log: string): string {
  const path = join(folder(), "run");
  mkdirSync(path);
  writeFileSync(join(path, "metrics.jsonl"), log);
  writeFileSync(join(path, "config.yaml"), "model: small\n");
  return path;
}
const log = [
  { step: 1, loss: 2 },
  { step: 2, loss: 1 },
  { step: 2, epoch: 0, train_loss: 1.5, val_loss: -0.5, lr: 0.1 },
]
  .map((record) => JSON.stringify(record))
  .join("\n");

test("report of a run: a plot of steps, one of epochs, one of each other number, the configuration", async () => {
  const { sections, subtitle } = await runReport(runFolder(log));
  expect(subtitle).toBe("3 records, 1 epochs, 2 steps");
  expect(sections.map(({ heading }) => heading)).toEqual(["Training", "Configuration"]);
  const plots = sections[0].plots as unknown as {
    title: { text: string };
    encoding: { y: { scale: object } };
  }[];
  expect(plots.map(({ title }) => title.text)).toEqual([
    "Loss of each step",
    "Losses of epochs",
    "lr",
  ]);
  // a loss below zero has no logarithm
  expect(plots.map(({ encoding }) => encoding.y.scale)).toEqual([
    { type: "log" },
    { zero: false },
    { type: "log" },
  ]);
});

test("report writes report.html into the run directory", async () => {
  const path = runFolder(log);
  const { code } = await run("report", path);
  expect(code).toBe(0);
  expect(filesIn(path)).toContain("report.html");
  expect(readFileSync(join(path, "report.html"), "utf8")).toContain("Losses of epochs");
});

test("report refuses what is no run directory, and a damaged log, in one line", async () => {
  const damaged = runFolder('{"step": 1}\n{"step":');
  const cases: [string, RegExp][] = [
    [folder(), /expected a run directory with metrics.jsonl/],
    [damaged, /metrics.jsonl line 2: expected a JSON object/],
    [runFolder("7\n"), /metrics.jsonl line 1: expected a JSON object, got 7/],
  ];
  for (const [path, message] of cases) {
    const { code, stderr } = await run("report", path);
    expect([code, stderr.split("\n").length]).toEqual([2, 1]);
    expect(stderr).toMatch(message);
  }
  expect(filesIn(damaged)).not.toContain("report.html");
});

test("score --report shows the rates that score prints, and needs the hits", async () => {
  const here = folder();
  const prefix = writeEvent(here);
  const { hits, truth } = await readEvent(prefix);
  const tracks = Int32Array.from(truth!.particleIndex, (p) => p - 1);
  const submission = join(here, "tracks.csv");
  writeFileSync(submission, writeSubmission(submissionFromTracks(tracks, hits.hitId)));
  const page = join(here, "page.html");
  const { code } = await run(
    "score",
    submission,
    `${prefix}-truth.csv`,
    "--report",
    page,
    "--svg",
    join(here, "svg"),
  );
  // against pT, η, φ, vertex radius and hits, and the hits per track
  expect(filesIn(join(here, "svg"))).toHaveLength(6);
  expect(code).toBe(0);
  const html = readFileSync(page, "utf8");
  expect(html).toContain("vertex radius");
  expect(html).toMatch(/<td>efficiency<\/td><td class="number">1</);
  expect(html).toMatch(/<td>fake rate<\/td><td class="number">0</);
  for (const author of ["three.js authors", "University of Washington"])
    expect(html).toContain(author); // licenses travel with the code
  const alone = join(folder(), "truth.csv");
  writeFileSync(alone, readFileSync(`${prefix}-truth.csv`));
  const refused = await run("score", submission, alone, "--report", page, "--quiet");
  expect(refused.code).toBe(2);
  expect(refused.stderr).toMatch(/--report: expected hits and particles beside the truth/);
});
