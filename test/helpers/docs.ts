/** The TypeScript in README and docs, and what it says that it prints. */
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "../..");
const pages = [
  "README.md",
  ...readdirSync(join(root, "docs"))
    .filter((f) => f.endsWith(".md"))
    .map((f) => `docs/${f}`),
];

/** Source file of each entry of the package. */
export const entries: Readonly<Record<string, string>> = {
  trackgrad: join(root, "src/index.ts"),
  "trackgrad/kernels": join(root, "kernels/index.ts"),
  "trackgrad/models": join(root, "models/index.ts"),
  "trackgrad/tracking": join(root, "src/tracking/index.ts"),
  "trackgrad/testing": join(root, "src/testing/index.ts"),
  "trackgrad/node": join(root, "src/node/index.ts"),
};

export interface Block {
  page: string;
  n: number;
  code: string;
  /** A comment behind or below console.log(…) is its output. */
  promised: string[];
}

export const blocks: Block[] = pages.flatMap((page) => {
  const text = readFileSync(join(root, page), "utf8");
  return [...text.matchAll(/^```ts\n(.*?)^```/gms)].map(([, code], n) => {
    const outputs = code.matchAll(/console\.log\(.*\);\s*\/\/ (.*)$/gm);
    return { page, n, code, promised: [...outputs].map(([, output]) => output) };
  });
});
