import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const root = fileURLToPath(new URL("..", import.meta.url));
const shared = {
  root,
  pool: "forks" as const, // a worker thread cannot pass environment changes on to Dawn
  maxWorkers: 2,
  testTimeout: 120_000,
  hookTimeout: 120_000,
  env: { TG_VERIFY: "1" }, // every plan that a test makes is checked against what its ops mean
};
const adapter = fileURLToPath(new URL("../test/helpers/adapter.ts", import.meta.url)); // prints which
const browser = fileURLToPath(new URL("../test/browser/setup.ts", import.meta.url)); // starts it

/**
 * fast    pure TypeScript and the js backend; no GPU, no big data
 * gpu     everything that runs WGSL, child processes and real events
 * golden  replays every case file found in the fixtures folder
 * browser drives a real Chromium, if one is found
 */
export default defineConfig({
  root,
  test: {
    reporters: ["default", fileURLToPath(new URL("../test/helpers/reporter.ts", import.meta.url))],
    projects: [
      { test: { ...shared, name: "fast", include: ["test/**/*.test.ts"], exclude: ["test/**/*.{gpu,golden,browser}.test.ts"] } },
      { test: { ...shared, name: "golden", globalSetup: [adapter], include: ["test/**/*.golden.test.ts"] } },
      { test: { ...shared, name: "gpu", globalSetup: [adapter], include: ["test/**/*.gpu.test.ts"] } },
      { test: { ...shared, name: "browser", globalSetup: [browser], include: ["test/**/*.browser.test.ts"] } },
    ],
  },
});
