import { type BuildOptions, build } from "esbuild";
import { entries } from "../helpers/docs.ts";

/** One script that a page loads; its exports become the global `page`. */
export const bundle = (file: string): Promise<string> =>
  textOf({ entryPoints: [file], format: "iife", globalName: "page" });

/** A module that imports the package by name, as a page would; node's entry is the core's there. */
export function bundleModule(code: string): Promise<string> {
  const alias = { ...entries, "trackgrad/node": entries.trackgrad };
  const stdin = { contents: code, resolveDir: import.meta.dirname, loader: "ts" } as const;
  return textOf({ stdin, alias, format: "esm" });
}

async function textOf(options: BuildOptions): Promise<string> {
  const shared = { bundle: true, target: "es2023", platform: "browser" } as const;
  const { outputFiles } = await build({ ...options, ...shared, write: false });
  return outputFiles[0].text;
}
