/** Events that no detector sees often, through every verb that reads events: a result, or one clear line. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { writeSafetensors } from "../../src/engine/formats/safetensors.ts";
import { readEvent } from "../../src/node/index.ts";
import { submissionFromTracks, writeSubmission } from "../../src/tracking/index.ts";
import { folder, run, writeEvent, writeWeights } from "./helpers.ts";

type Files = Record<string, string>;

/** Leaves the hits that `isKept`, and all that is known of them. */
const hitsWhere = (isKept: (hit: number) => boolean) => (files: Files) => {
  for (const kind of ["hits", "cells", "truth"]) {
    const [head, ...rows] = files[kind].split("\n");
    files[kind] = [head, ...rows.filter((row) => isKept(Number.parseInt(row, 10)))].join("\n");
  }
};
const noParticles = (files: Files) => {
  files.truth = files.truth.replaceAll(/^(\d+),\d+,/gm, "$1,0,");
  files.particles = files.particles.split("\n")[0];
};
const samePlace = (files: Files) => {
  files.hits = files.hits.replaceAll(/^(\d+),[^,]*,[^,]*,[^,]*,/gm, "$1,10,20,30,");
};

const unusual: [string, (files: Files) => void][] = [
  ["one hit", hitsWhere((hit) => hit === 3)],
  ["one hit of noise", hitsWhere((hit) => hit === 43)],
  ["nothing but noise", noParticles],
  ["one particle", hitsWhere((hit) => hit < 13)],
  ["all hits in one place", samePlace],
  [
    "weights of zero",
    (files) => {
      files.truth = files.truth.replaceAll(/,[^,\n]*$/gm, (end) => (/\d/.test(end) ? ",0" : end));
    },
  ],
];

test.each(unusual)(
  "an event with %s is scored, shown, clustered and reconstructed",
  async (_, edit) => {
    const here = folder();
    const prefix = writeEvent(here, edit);
    const { hits, truth, numHits } = await readEvent(prefix);
    const submission = join(here, "tracks.csv");
    const tracks = Int32Array.from(truth!.particleIndex, (p) => p - 1);
    writeFileSync(submission, writeSubmission(submissionFromTracks(tracks, hits.hitId)));
    const weights = await writeWeights(here);
    const report = join(here, "report.html");
    const lines = [
      ["score", submission, `${prefix}-truth.csv`, "--report", report, "--svg", join(here, "svg")],
      ["view", prefix, "--tracks", submission, "-o", join(here, "view.html")],
      ["cluster", `${prefix}-hits.csv`, "--columns", "x,y,z", "--min-samples", "2"],
      ["cluster", `${prefix}-hits.csv`, "--columns", "x,y,z", "--method", "dbscan", "--eps", "9"],
      [
        "reconstruct",
        prefix,
        "--model",
        "transformer-regressor",
        "--weights",
        weights,
        "--device",
        "js",
      ],
    ]; // prettier-ignore
    for (const line of lines) {
      const { code, stdout, stderr } = await run(...line, "--json", "--quiet");
      expect([line[0], code, stderr]).toEqual([line[0], 0, ""]);
      const document = JSON.parse(stdout);
      expect(document.hits ?? document.points ?? document.events[0].hits).toBe(numHits);
    }
    expect(readFileSync(report, "utf8")).not.toContain(">NaN<");
  },
);

test("points that are nowhere are noise in a tensor, and refused in a table", async () => {
  const here = folder();
  const [tensor, table] = [join(here, "points.safetensors"), join(here, "points.csv")];
  const near = [0, 0.1, 0.2, 0.3, 0.4, 0.5];
  const data = Float32Array.of(
    Number.NaN,
    ...near,
    Number.POSITIVE_INFINITY,
    ...near.map((x) => x + 9),
  );
  const stored = new Map([["points", { dtype: "F32" as const, shape: [14, 1], data }]]);
  writeFileSync(tensor, writeSafetensors(stored));
  for (const method of [[], ["--method", "dbscan", "--eps", "0.2", "--min-samples", "2"]]) {
    const size = method.length > 0 ? [] : ["--min-samples", "2"];
    const { code, stdout } = await run("cluster", tensor, "--json", "--quiet", ...method, ...size);
    expect(code).toBe(0);
    const { labels, clusters, noise } = JSON.parse(stdout);
    expect({ clusters, noise }).toEqual({ clusters: 2, noise: 2 });
    expect([labels[0], labels[7]]).toEqual([-1, -1]);
  }
  writeFileSync(table, "x\n1\nNaN\n");
  const { code, stderr } = await run("cluster", table, "--quiet");
  expect(code).toBe(2);
  expect(stderr).toMatch(
    /^trackgrad: [^\n]*points\.csv line 3 column x: expected a finite number, got "NaN"$/,
  );
});
