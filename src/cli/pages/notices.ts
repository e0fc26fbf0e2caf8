/** Licenses of other people's code in a bundle: their texts have to travel with it. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The packages that files of a bundle come from, under the text of their license. */
export function noticesOf(files: Iterable<string>): string {
  const packagesOf = new Map<string, Set<string>>();
  for (const folder of packageFolders(files)) {
    const { name, version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const text = licenseIn(folder);
    packagesOf.set(text, (packagesOf.get(text) ?? new Set()).add(`${name} ${version}`));
  }
  return [...packagesOf]
    .map(([text, packages]) => `${[...packages].sort().join(", ")}\n\n${text}\n`)
    .sort()
    .join("\n\n");
}

/** The same at the top of a script that carries such code. */
export function withNotices(script: string, files: Iterable<string>): string {
  const notices = noticesOf(files).replaceAll("*/", "* /");
  return notices === "" ? script : `/*! This script contains:\n\n${notices}*/\n${script}`;
}

/** …/node_modules/name or …/node_modules/@scope/name of the files that are in one. */
function packageFolders(files: Iterable<string>): Set<string> {
  const folder = /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/;
  return new Set(Array.from(files).flatMap((file) => folder.exec(file)?.[0] ?? []));
}

function licenseIn(folder: string): string {
  const file = readdirSync(folder).find((name) => /^(licen[cs]e|copying)/i.test(name));
  if (file === undefined)
    throw new Error(`${folder}: expected a license to print with its code, got none`);
  return readFileSync(join(folder, file), "utf8").replaceAll("\r", "").trim();
}
