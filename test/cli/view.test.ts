import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { packArrays } from "../../src/cli/pages/pack.ts";
import { unpackArrays } from "../../src/cli/pages/unpack.ts";
import { folder, run, writeEvent } from "./helpers.ts";

test("view writes a page that holds the event, and the event for Phoenix", async () => {
  const here = folder();
  const [page, phoenix] = ["page.html", "phoenix.json"].map((file) => join(here, file));
  const args = ["view", writeEvent(here), "-o", page, "--phoenix", phoenix, "--json"];
  const { code, stdout } = await run(...args);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ hits: 21, particles: 4, files: [page, phoenix] });
  const html = readFileSync(page, "utf8");
  expect(html).toContain("default-src 'none'");
  expect(html.match(/<\/script/g)).toHaveLength(2); // neither data nor script ends one early
  expect(html).toMatch(/The MIT License\s+Copyright © [-\d]+ three\.js authors/); // travels with the code
  expect(Object.keys(JSON.parse(readFileSync(phoenix, "utf8")))).toEqual(["event000000009"]);
});

const badInputs: [string, string[], string, RegExp][] = [
  [
    "tracks of another event",
    ["--tracks"],
    "hit_id,track_id\n100,1",
    /expected hits of event000000009, got none/,
  ],
  ["tracks without their columns", ["--tracks"], "hit,track\n3,1", /expected .*hit_id/],
  [
    "an edge to no hit",
    ["--edges"],
    "source,target\n3,5\n3,4",
    /line 3: expected hits of event000000009, got 4/,
  ],
  ["an empty file of edges", ["--edges"], "", /expected/],
];

test.each(badInputs)("view refuses %s and writes nothing", async (_, [flag], text, message) => {
  const here = folder();
  const [file, page] = [join(here, "other.csv"), join(here, "page.html")];
  writeFileSync(file, text);
  const { code, stderr } = await run("view", writeEvent(here), flag, file, "-o", page);
  expect(stderr).toMatch(/^trackgrad: [^\n]*$/);
  expect(stderr).toMatch(message);
  expect(code).toBe(2);
  expect(existsSync(page)).toBe(false);
});

test("view refuses a folder that is not there, and an event that is not", async () => {
  const here = folder();
  for (const args of [
    ["view", writeEvent(here), "-o", join(here, "none/page.html")],
    ["view", join(here, "event000000008")],
  ]) {
    const { code, stderr } = await run(...args);
    expect([code, stderr.split("\n").length]).toEqual([2, 1]);
  }
});

test("arrays survive the way into a page", () => {
  const value = {
    name: "</script><!--",
    small: Uint32Array.of(0, 255),
    middle: Uint32Array.of(65535),
    large: Uint32Array.of(2 ** 32 - 1),
    labels: Int32Array.of(-1, 2 ** 31 - 1),
    floats: Float32Array.of(Number.NaN, -0, 1e-40, Infinity),
    ids: BigUint64Array.of(2n ** 64n - 1n),
    none: new Uint32Array(0),
    nested: { list: [1, null, "x", true] },
  };
  expect(unpackArrays(JSON.parse(JSON.stringify(packArrays(value))))).toEqual(value);
});
