import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { expect, test } from "vitest";

/** What each part may import besides itself: arrows point down, never up or sideways. */
const mayImport = {
  "src/engine": [],
  kernels: ["src/engine"],
  "src/nn": ["kernels", "src/engine"],
  "src/tracking": ["kernels", "src/engine"],
  "src/testing": ["src/engine"],
  models: ["src/nn", "src/tracking", "kernels", "src/engine"],
  "src/index.ts": ["src/nn", "kernels", "src/engine"],
  "src/node": ["src/index.ts", "src/nn", "src/tracking", "kernels", "src/engine"],
  "src/cli": [
    "src/node",
    "src/index.ts",
    "models",
    "src/nn",
    "src/tracking",
    "kernels",
    "src/engine",
  ],
} satisfies Record<string, string[]>;
type Part = keyof typeof mayImport;

/** Parts that run in a browser, so nothing in them may load a Node module or another package. */
const portable = [
  "src/engine",
  "kernels",
  "src/nn",
  "src/tracking",
  "src/testing",
  "models",
  "src/index.ts",
];
const root = resolve(import.meta.dirname, "..");
const files = ["src", "kernels", "models"].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => join(folder, file).replaceAll("\\", "/")),
);
const imports = files.flatMap((from) => {
  const source = readFileSync(join(root, from), "utf8").replaceAll(/\/\*.*?\*\/|\/\/.*?$/gms, "");
  const found = source.matchAll(/(?:from|import)\s*\(?\s*["']([^"']+)["']/g);
  return [...found].map(([, target]) => ({ from, target: target! }));
});

const partOf = (file: string) =>
  (Object.keys(mayImport) as Part[]).find((part) => file === part || file.startsWith(`${part}/`));

test("every source file belongs to a part of the architecture", () => {
  expect(files.filter((file) => partOf(file) === undefined)).toEqual([]);
  expect(imports.length).toBeGreaterThan(0);
});

test.each(Object.keys(mayImport) as Part[])("%s imports only what it may", (part) => {
  const wrong = imports
    .filter(({ from, target }) => partOf(from) === part && target.startsWith("."))
    .map(({ from, target }) => ({
      from,
      to: relative(root, resolve(root, dirname(from), target)).replaceAll("\\", "/"),
    }))
    .filter(({ to }) => partOf(to) !== part)
    .filter(({ to }) => !(mayImport[part] as string[]).includes(partOf(to) ?? ""));
  expect(wrong).toEqual([]);
});

test("what runs in a browser loads no Node module and no package", () => {
  const wrong = imports
    .filter(({ from }) => portable.includes(partOf(from) ?? ""))
    .filter(({ target }) => !target.startsWith("."));
  expect(wrong).toEqual([]);
});
