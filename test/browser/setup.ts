/** Before the browser tests: starts the browser that they share, and says which it is. */
import { chromium } from "playwright-core";
import type { TestProject } from "vitest/node";
import { startChromium } from "./findChromium.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Where the browser listens; null if there is none. */
    browser: string | null;
  }
}

export async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const found = await startChromium();
  if ("problem" in found) {
    const isAsked = project.vitest.config.project.includes(project.name); // npm run test:browser
    console.error(`browser: ${isAsked ? "" : "its tests are SKIPPED, "}${found.problem}`);
    if (isAsked) process.exit(1);
    project.provide("browser", null);
    return;
  }
  const endpoint = found.server.wsEndpoint();
  const browser = await chromium.connect(endpoint);
  console.log(`browser: Chromium ${browser.version()} (${found.path})`);
  await browser.close();
  project.provide("browser", endpoint);
  return () => found.server.close();
}
