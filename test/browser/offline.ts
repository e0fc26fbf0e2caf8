import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Page } from "playwright-core";
import { expect, onTestFinished } from "vitest";

/**
 * Opens a page from a file; the test fails if it asks for anything outside, or if it throws.
 * What a page holds itself (data:, blob:, about:) is not outside.
 */
export async function openFile(tab: Page, html: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "trackgrad-page-"));
  const file = pathToFileURL(join(folder, "page.html")).href;
  writeFileSync(join(folder, "page.html"), html);
  const outside: string[] = [];
  const errors: string[] = [];
  tab.on("request", (request) => {
    if (!/^(data|blob|about):/.test(request.url()) && request.url() !== file)
      outside.push(request.url());
  });
  tab.on("pageerror", (error) => errors.push(error.message));
  onTestFinished(() => {
    rmSync(folder, { recursive: true });
    expect({ outside, errors }).toEqual({ outside: [], errors: [] });
  });
  await tab.goto(file);
}
