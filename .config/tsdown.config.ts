import { fileURLToPath } from "node:url";
import { defineConfig } from "tsdown";

const shared = {
  cwd: fileURLToPath(new URL("..", import.meta.url)),
  format: "esm" as const,
  target: "es2023",
  fixedExtension: false,
  external: ["webgpu", /^node:/],
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
});

/** The library, whose entries share their modules; the command line, which carries its packages; a thread's script. */
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
    entry: { cli: "src/cli/main.ts", eventThread: "src/node/eventThread.ts" },
    platform: "node",
    dts: false,
    clean: false,
  },
  page("view"),
  page("report"),
]);
