import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { bundle } from "./bundle.ts";
import { describeInBrowser, useBrowser } from "./page.ts";
import type { Shared, sharedProduct } from "./pages/threads.ts";
import { serve } from "./serve.ts";

declare const page: { sharedProduct: typeof sharedProduct }; // the bundle, in the browser

describeInBrowser("threads in a browser", () => {
  const open = useBrowser();
  let script: string;
  beforeAll(async () => {
    script = await bundle(join(import.meta.dirname, "pages/threads.ts"));
  });

  async function shared(threads: number, isolated: boolean): Promise<Shared> {
    const tab = await open();
    await tab.goto(await serve({ "/threads.js": script }, { isolated }));
    await tab.addScriptTag({ url: "/threads.js" });
    return tab.evaluate((count) => page.sharedProduct(count), threads);
  }

  test("web workers give the same bits where the page is isolated; none are started where not", async () => {
    const one = await shared(1, true);
    const [three, alone] = [await shared(3, true), await shared(3, false)];
    expect(three.device).toContain("3 threads");
    expect(three.numWorkers).toBe(2);
    expect(three.words).toEqual(one.words);
    expect(three.error).toMatch(/^DeviceLostError: wasm: expected 3 threads.*it was terminated/);
    expect(alone).toMatchObject({ numWorkers: 0, error: "none", words: one.words });
    expect(alone.device).toContain("one thread");
  });
});
