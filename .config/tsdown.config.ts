import { fileURLToPath } from "node:url";
import { defineConfig } from "tsdown";
import { noticesOf, withNotices } from "../src/cli/pages/notices.ts";

const shared = {
  cwd: fileURLToPath(new URL("..", import.meta.url)),
  format: "esm" as const,
  target: "es2023",
  fixedExtension: false,
  deps: { neverBundle: ["webgpu", "esbuild", /^node:/] }, // esbuild bundles pages from sources only
};

type Bundle = Record<string, { type: string; code?: string; moduleIds?: string[] }>;

/** Puts the licenses of bundled packages at the top of a script. */
const noticesInScript = {
  name: "notices-in-script",
  generateBundle(_: unknown, bundle: Bundle) {
    for (const file of Object.values(bundle))
      if (file.code) file.code = withNotices(file.code, file.moduleIds ?? []);
  },
};

/** Writes the licenses of all bundled packages into a file beside them. */
const noticesInFile = {
  name: "notices-in-file",
  generateBundle(this: { emitFile(file: object): void }, _: unknown, bundle: Bundle) {
    const source = noticesOf(Object.values(bundle).flatMap(({ moduleIds = [] }) => moduleIds));
    this.emitFile({ type: "asset", fileName: "THIRD-PARTY-LICENSES.txt", source });
  },
};

/** The script of an HTML page that the command line writes. */
const page = (name: string) => ({
  ...shared,
  entry: { [name]: `src/cli/pages/${name}/main.ts` },
  outDir: "dist/pages",
  format: "iife" as const,
  platform: "browser" as const,
  dts: false,
  minify: true,
  clean: false,
  plugins: [noticesInScript],
});

/** The library, whose entries share their modules; the command line, which carries its packages; the scripts of threads. */
export default defineConfig([
  {
    ...shared,
    entry: {
      index: "src/index.ts",
      kernels: "kernels/index.ts",
      models: "models/index.ts",
      tracking: "src/tracking/index.ts",
      testing: "src/testing/index.ts",
      node: "src/node/index.ts",
    },
    platform: "neutral",
    dts: true,
  },
  {
    ...shared,
    entry: {
      cli: "src/cli/main.ts",
      eventThread: "src/node/eventThread.ts",
      clusteringThread: "src/node/clusteringThread.ts",
    },
    platform: "node",
    dts: false,
    clean: false,
    plugins: [noticesInFile],
  },
  page("view"),
  page("report"),
]);
