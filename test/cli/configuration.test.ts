/** A configuration that cannot work is refused before anything runs, and the place of the fault is named. */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { folder, run, writeEvent } from "./helpers.ts";

/** A configuration that works. */
const lines = (data: string) => [
  "# a small training",
  "model: transformer-regressor",
  `data_path: ${data}`,
  "embedding_size: 8",
  "nr_heads: 2",
  "sub_events:",
  "  min: 2",
  "  max: 4",
  "nr_epochs: 1",
];

const replaced = (from: string, to: string) => (text: string) => {
  expect(text).toContain(from); // else the case tests nothing
  return text.replace(from, to);
};

const faults: [what: string, edit: (text: string) => string, message: string][] = [
  [
    "a mistyped key",
    replaced("nr_heads", "nr_hedas"),
    "5:1: expected a known key, like nr_heads, got nr_hedas",
  ],
  [
    "an unknown key in a group",
    replaced("  max: 4", "  most: 4"),
    "8:3: expected one of the keys min, max, count, got most",
  ],
  [
    "text for a number",
    replaced("embedding_size: 8", "embedding_size: wide"),
    '4:17: expected a number, got "wide"',
  ],
  [
    "a fraction for a count",
    replaced("nr_epochs: 1", "nr_epochs: 1.5"),
    "9:12: expected a whole number, got 1.5",
  ],
  ["a number for text", replaced("nr_epochs: 1", "model_name: 7"), "9:13: expected a text, got 7"],
  [
    "too small a number",
    replaced("nr_epochs: 1", "nr_epochs: 0"),
    "9:12: expected a number ≥ 1, got 0",
  ],
  [
    "a choice that there is not",
    replaced("nr_epochs: 1", "attention: quick"),
    '9:12: expected exact, flash, got "quick"',
  ],
  [
    "heads that do not divide the width",
    replaced("nr_heads: 2", "nr_heads: 3"),
    "5:11: expected a divisor of embedding_size 8, got 3",
  ],
  ["numbers in the wrong order", replaced("max: 4", "max: 1"), "8:8: expected max ≥ min, got 1"],
  ["a missing group member", replaced("  max: 4\n", ""), "7:3: expected max: a number, got none"],
  [
    "no data path",
    (text) => text.replace(/data_path.*\n/, ""),
    "2:1: expected data_path: a text, got none",
  ],
  [
    "an unknown model",
    replaced("transformer-regressor", "transformer"),
    "2:8: expected model: one of transformer-regressor",
  ],
  [
    "no model",
    (text) => text.replace(/model.*\n/, ""),
    "2:1: expected model: one of transformer-regressor",
  ],
  ["no YAML", replaced("max: 4", "max: [4"), "9:1: expected YAML, got"],
  ["a list", () => "- 1\n", "1:1: expected keys and values, got [1]"],
];

test.each(faults)("%s is refused by file, line and column", async (_, edit, message) => {
  const here = folder();
  const file = join(here, "config.yaml");
  const text = `${lines(writeEvent(here)).join("\n")}\n`;
  writeFileSync(file, edit(text));
  const out = join(here, "run");
  const { code, stdout, stderr } = await run("train", file, "-o", out);
  expect(stderr).toContain(`trackgrad: ${file}:${message}`);
  expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  expect([code, stdout, existsSync(out)]).toEqual([2, "", false]);
});

test("a data path that is not there is refused with its place", async () => {
  const here = folder();
  const file = join(here, "config.yaml");
  writeFileSync(file, lines("nowhere/event1").join("\n"));
  const { code, stderr } = await run("train", file, "-o", join(here, "run"));
  expect(stderr).toBe(
    `trackgrad: ${file}:3:12: expected a folder of events, what an event's files start with, or a REDVID file, got "nowhere/event1"`,
  );
  expect(code).toBe(2);
});

const sets: [set: string, message: string][] = [
  ["nr_heads=3", "--set nr_heads=3: expected a divisor of embedding_size 8, got 3"],
  ["sub_events.max=1", "--set sub_events.max=1: expected max ≥ min, got 1"],
  ["dropout", "--set: expected KEY=VALUE or GROUP.KEY=VALUE, got dropout"],
  ["nr_epochs.first=1", "--set nr_epochs.first=1: expected an entry of this configuration, got"],
];

test.each(sets)("--set %s is refused in its own words", async (set, message) => {
  const here = folder();
  const file = join(here, "config.yaml");
  writeFileSync(file, lines(writeEvent(here)).join("\n"));
  const { code, stderr } = await run("train", file, "--set", set, "-o", join(here, "run"));
  expect(stderr).toContain(`trackgrad: ${message}`);
  expect(code).toBe(2);
});
