import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { runChild } from "./child.ts";

test("a million hits are written and scored by pieces of a file that is larger than the memory", async () => {
  const folder = mkdtempSync(join(tmpdir(), "trackgrad-million-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  // a truth file of 250 MiB, twice of what strings and objects may take
  const flags = ["--max-old-space-size=128"];
  const { stdout, stderr, code } = await runChild("millionHits.ts", { args: [folder], flags });
  expect([code, stderr]).toEqual([0, ""]);
  const [start, written, document, scored] = stdout.split("\n", 4).map((line) => JSON.parse(line));
  expect(document.events[0]).toMatchObject({ hits: 1_000_000, tracks: 125_000, perfect: 1 });
  expect(document.mean.trackml).toBeCloseTo(1, 9);
  // pieces of two MiB; measured 46 MiB
  expect(written.peak - start.peak).toBeLessThan(100);
  // eleven columns of truth and two of tracks are 100 MiB, counting them takes as much; measured 240 MiB
  expect(scored.peak - written.peak).toBeLessThan(300);
});
