import { fileURLToPath } from "node:url";
import { defineConfig } from "tsdown";

export default defineConfig({
  cwd: fileURLToPath(new URL("..", import.meta.url)),
  entry: {
    index: "src/index.ts",
    kernels: "kernels/index.ts",
    models: "models/index.ts",
    tracking: "src/tracking/index.ts",
    node: "src/node/index.ts",
    cli: "src/cli/main.ts",
  },
  format: "esm",
  platform: "neutral",
  target: "es2023",
  dts: true,
  fixedExtension: false,
  external: ["webgpu", /^node:/],
});
