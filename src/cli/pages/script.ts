import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { withNotices } from "./notices.ts";

export type PageName = "view" | "report";

/** The script of a page: built with the package, or made now where the program runs from its sources. */
export async function pageScript(name: PageName): Promise<string> {
  const isBuilt = !import.meta.url.endsWith(".ts");
  if (isBuilt) return readFileSync(new URL(`./pages/${name}.iife.js`, import.meta.url), "utf8");
  const { build } = await import("esbuild");
  const { outputFiles, metafile } = await build({
    entryPoints: [fileURLToPath(new URL(`./${name}/main.ts`, import.meta.url))],
    bundle: true,
    write: false,
    minify: true,
    format: "iife",
    target: "es2023",
    metafile: true,
  });
  const files = Object.keys(metafile.inputs).map((file) => resolve(file));
  return withNotices(outputFiles[0].text, files);
}
