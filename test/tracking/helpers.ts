/** Reads case files and real events; neither is part of the repository. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";

const root = resolve(import.meta.dirname, "../..");
export const fixtures = resolve(root, process.env.TG_FIXTURES ?? "../shared/fixtures");
export const dataFolder = resolve(root, process.env.TG_DATA ?? "../shared/data");

/** Every file `<kind>.json` or `<kind>.<anything>.json` of a fixture folder, by name. */
export function caseFiles(folder: string, kind: string): [name: string, content: Json][] {
  const path = join(fixtures, folder);
  const names = existsSync(path) ? readdirSync(path).sort() : [];
  return names
    .filter((name) => name.startsWith(`${kind}.`) && name.endsWith(".json"))
    .map((name) => [name, JSON.parse(readFileSync(join(path, name), "utf8"))]);
}

/** Opens files of a folder as the readers want them opened. */
export const openIn =
  (folder: string) =>
  async (name: string): Promise<Uint8Array | undefined> =>
    existsSync(join(folder, name)) ? readFileSync(join(folder, name)) : undefined;

export const hasEvent = (name: string): boolean =>
  ["csv", "csv.gz"].some((end) => existsSync(join(dataFolder, `${name}-hits.${end}`)));

// biome-ignore lint/suspicious/noExplicitAny: case files are checked by what is done with them
export type Json = any;

/** Case files write NaN as null and infinity as "inf". */
export const numberIn = (value: Json): number =>
  value === null ? Number.NaN : value === "inf" ? Number.POSITIVE_INFINITY : Number(value);
export const numbersIn = (values: Json): number[] => values.map(numberIn);

/** Equal to within `tolerance`, relative above 1 and absolute below; NaN equals NaN. */
export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  what: string,
): void {
  expect(actual.length, `${what}: number of values`).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    const bound = tolerance * Math.max(1, Math.abs(expected[i]));
    const isEqual = Object.is(actual[i], expected[i]) || actual[i] === expected[i];
    if (!isEqual && !(Math.abs(actual[i] - expected[i]) <= bound))
      expect.fail(`${what}[${i}]: expected ${expected[i]} ± ${bound}, got ${actual[i]}`);
  }
}

/** One suite for each file of a kind; a kind without a file is reported, and passes. */
export function replay(folder: string, kind: string, run: (content: Json) => void): void {
  const files = caseFiles(folder, kind);
  if (files.length === 0)
    test(`${kind}: absent`, () => console.info(`no case of ${kind} in ${fixtures}/${folder}`));
  for (const [name, content] of files) describe(`${folder}/${name}`, () => run(content));
}
