/**
 * How much does a page load? The entries as a bundler gives them to a browser, minified, then gzipped:
 * what is loaded at once, and what is loaded when it is used.
 *
 *   npx tsx bench/size.ts
 */
import { gzipSync } from "node:zlib";
import { build, type Metafile } from "esbuild";

const root = new URL("..", import.meta.url).pathname;
const entries = {
  "trackgrad (all of it)": 'export * from "./src/index.ts"',
  "matmul, tensor, openDevice": 'export { matmul, tensor, openDevice } from "./src/index.ts"',
  "trackgrad/tracking": 'export * from "./src/tracking/index.ts"',
};

console.log("| entry | minified B | gzip B | when used, gzip B |\n|---|---:|---:|---:|");
for (const [name, contents] of Object.entries(entries)) {
  const { metafile, outputFiles } = await build({
    stdin: { contents, resolveDir: root, loader: "ts" },
    absWorkingDir: root,
    outdir: "out",
    bundle: true,
    minify: true,
    splitting: true,
    write: false,
    metafile: true,
    format: "esm",
    target: "es2023",
    platform: "browser",
  });
  const atOnce = loadedAtOnce(metafile);
  const sizeOf = (isWanted: (path: string) => boolean) => {
    const chunks = outputFiles.filter(({ path }) => isWanted(path.slice(root.length)));
    const total = (sizes: number[]) => sizes.reduce((sum, size) => sum + size, 0);
    return {
      plain: total(chunks.map(({ contents: code }) => code.length)),
      packed: total(chunks.map(({ contents: code }) => gzipSync(code, { level: 9 }).length)),
    };
  };
  const { plain, packed } = sizeOf((path) => atOnce.has(path));
  const later = sizeOf((path) => !atOnce.has(path)).packed;
  console.log(`| ${name} | ${plain} | ${packed} | ${later} |`);
}

/** The entry's file and what it imports by statements, not by calls. */
function loadedAtOnce({ outputs }: Metafile): Set<string> {
  const loaded = new Set(
    Object.keys(outputs).filter((path) => outputs[path].entryPoint === "<stdin>"),
  );
  for (const path of loaded) // grows while it is read
    for (const { path: next, kind } of outputs[path].imports)
      if (kind === "import-statement") loaded.add(next);
  return loaded;
}
