import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { blocks, entries } from "./helpers/docs.ts";

const root = resolve(import.meta.dirname, "..");

/** Points imports of the package at the sources. */
const fromSources = (code: string): string =>
  code.replaceAll(/from "(trackgrad[^"]*)"/g, (_, entry) => {
    if (!entries[entry]) throw new Error(`the package has no entry ${entry}`);
    return `from "${pathToFileURL(entries[entry]).href}"`;
  });

test.each(blocks)(
  "$page, code block $n runs and prints what its comments say",
  async ({ code, promised }) => {
    const folder = mkdtempSync(join(tmpdir(), "trackgrad-docs-"));
    try {
      const file = join(folder, "block.mts");
      writeFileSync(file, fromSources(code));
      const { stdout } = await promisify(execFile)(process.execPath, ["--import", "tsx", file], {
        cwd: root,
      });
      expect(promised.length).toBeGreaterThan(0);
      expect(stdout.trim().split("\n")).toEqual(promised);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
