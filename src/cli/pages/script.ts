import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export type PageName = "view" | "report";

/** The script of a page: built with the package, or made now where the program runs from its sources. */
export async function pageScript(name: PageName): Promise<string> {
  const isBuilt = !import.meta.url.endsWith(".ts");
  if (isBuilt) return readFileSync(new URL(`./pages/${name}.iife.js`, import.meta.url), "utf8");
  const { build } = await import("esbuild");
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(`./${name}/main.ts`, import.meta.url))],
    bundle: true,
    write: false,
    minify: true,
    format: "iife",
    target: "es2023",
  });
  return outputFiles[0].text;
}
