import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const root = resolve(import.meta.dirname, "..");
const pages = [
  "README.md",
  ...readdirSync(join(root, "docs"))
    .filter((f) => f.endsWith(".md"))
    .map((f) => `docs/${f}`),
];
const entries: Record<string, string> = {
  trackgrad: "src/index.ts",
  "trackgrad/kernels": "kernels/index.ts",
  "trackgrad/models": "models/index.ts",
  "trackgrad/tracking": "src/tracking/index.ts",
  "trackgrad/testing": "src/testing/index.ts",
  "trackgrad/node": "src/node/index.ts",
};

/** Points imports of the package at the sources. */
const fromSources = (code: string): string =>
  code.replaceAll(/from "(trackgrad[^"]*)"/g, (_, entry) => {
    if (!entries[entry]) throw new Error(`the package has no entry ${entry}`);
    return `from "${pathToFileURL(join(root, entries[entry])).href}"`;
  });

const blocks = pages.flatMap((page) => {
  const text = readFileSync(join(root, page), "utf8");
  return [...text.matchAll(/^```ts\n(.*?)^```/gms)].map(([, code], n) => ({ page, n, code }));
});

test.each(blocks)(
  "$page, code block $n runs and prints what its comments say",
  async ({ code }) => {
    const folder = mkdtempSync(join(tmpdir(), "trackgrad-docs-"));
    try {
      const file = join(folder, "block.mts");
      writeFileSync(file, fromSources(code));
      const { stdout } = await promisify(execFile)(process.execPath, ["--import", "tsx", file], {
        cwd: root,
      });
      // a comment behind or below console.log(…) is its output
      const promised = [...code.matchAll(/console\.log\(.*\);\s*\/\/ (.*)$/gm)].map(
        ([, output]) => output,
      );
      expect(promised.length).toBeGreaterThan(0);
      expect(stdout.trim().split("\n")).toEqual(promised);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
