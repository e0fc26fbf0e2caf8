import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, inject, onTestFinished } from "vitest";

/** A suite that is skipped, visibly, on a machine without a browser. */
export const describeInBrowser = describe.skipIf(inject("browser") === null);

/** Connects to the browser for the tests of the enclosing suite; the function opens a fresh page. */
export function useBrowser(): () => Promise<Page> {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.connect(inject("browser")!);
  });
  afterAll(() => browser?.close());
  return async () => {
    const context = await browser.newContext({ viewport: { width: 1400, height: 900 } });
    onTestFinished(() => context.close());
    return context.newPage();
  };
}
