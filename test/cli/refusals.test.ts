/** What people mistype: paths, options that need others, files of something else. One line, exit code 2, no work before. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { filesIn, folder, run, writeEvent } from "./helpers.ts";

/** A folder with an event and tracks in it, and files of something else. */
function prepared(): { here: string; event: string; truth: string } {
  const here = folder();
  const event = writeEvent(here);
  mkdirSync(join(here, "folder"));
  const files = {
    tracks: "hit_id,track_id\n3,1\n5,1\n",
    foreign: "hit_id,track_id\n999,1\n",
    points: "x,y\n1,2\n3,4\n",
    unnamed: "x,\n1,2\n",
    empty: "",
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(here, `${name}.csv`), text);
  return { here, event, truth: `${event}-truth.csv` };
}

test.each<[line: string, message: RegExp]>([
  ["score foreign.csv TRUTH", /foreign\.csv: expected hits of event000000009, got none of them$/],
  ["score tracks.csv TRUTH --svg plots", /--svg: expected --report with it, got none$/],
  ["score tracks.csv TRUTH --report no/r.html", /--report: expected an existing folder, got .*no$/],
  ["score tracks.csv TRUTH --report folder", /--report: expected a file, got the folder/],
  ["score tracks.csv TRUTH --report r.html --svg tracks.csv", /--svg: expected a folder, got the/],
  ["score tracks.csv TRUTH --device gpu", /--device: expected auto, webgpu, wasm or js, got gpu$/],
  ["cluster points.csv -o no/labels.csv", /-o: expected an existing folder, got .*no$/],
  ["cluster points.csv --submission folder", /--submission: expected a file, got the folder/],
  ["cluster empty.csv", /empty\.csv line 1: expected a name for every column, got ""$/],
  ["cluster unnamed.csv", /unnamed\.csv line 1: expected a name for every column, got "x,"$/],
  ["view folder", /folder: expected what files of an event start with, got a folder$/],
  ["view EVENT --tracks foreign.csv", /foreign\.csv: expected hits of event000000009, got none/],
  ["view EVENT -o folder", /-o: expected a file, got the folder/],
  ["view EVENT --phoenix no/event.json", /--phoenix: expected an existing folder, got .*no$/],
  ["simulate --particles 3 -o tracks.csv", /-o: expected a folder, got the file .*tracks\.csv$/],
  ["simulate --particles 3 -o tracks.csv/x", /-o: expected a folder, got the file .*tracks\.csv$/],
  ["simulate --gzip --processed", /--gzip: expected CSV files to pack, got --processed$/],
  ["devices --device gpu", /--device: expected auto, webgpu, wasm or js, got gpu$/],
  ["explain mlp --backend gpu", /--backend: expected auto, webgpu, wasm or js, got gpu$/],
  ["report folder -o folder", /-o: expected a file, got the folder/],
  ["train config.yaml -o tracks.csv", /-o: expected a folder, got the file .*tracks\.csv$/],
])("%s is refused", async (line, message) => {
  const { here, event, truth } = prepared();
  const before = filesIn(here);
  const isPath = /^(no|folder|plots|r\.html)|\.(csv|yaml)(\/x)?$/;
  const args = line.split(" ").map((word) => {
    if (word === "TRUTH") return truth;
    return word === "EVENT" ? event : isPath.test(word) ? join(here, word) : word;
  });
  const { code, stdout, stderr } = await run(...args, "--quiet");
  expect(stderr).toMatch(message);
  expect(stderr.split("\n")).toHaveLength(1);
  expect([code, stdout]).toEqual([2, ""]);
  expect(filesIn(here)).toEqual(before);
});

test("an event is found by the name of its hits file", async () => {
  const { here, event } = prepared();
  const page = join(here, "event.html");
  const { code, stdout } = await run("view", `${event}-hits.csv`, "-o", page, "--json", "--quiet");
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ event: "event000000009", hits: 21 });
});
