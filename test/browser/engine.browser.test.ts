import { join } from "node:path";
import { inspect } from "node:util";
import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import type { BackendName } from "../../src/index.ts";
import { assertClose } from "../../src/testing/index.ts";
import { blocks } from "../helpers/docs.ts";
import { bundle, bundleModule } from "./bundle.ts";
import { describeInBrowser, useBrowser } from "./page.ts";
import { type Trained, trainingSteps } from "./pages/training.ts";
import { serve } from "./serve.ts";

declare const page: { trainingSteps: typeof trainingSteps }; // the bundle, in the browser

describeInBrowser("the engine in a browser", () => {
  const open = useBrowser();
  let script: string;
  beforeAll(async () => {
    script = await bundle(join(import.meta.dirname, "pages/training.ts"));
  });

  async function openServed({ isolated = false } = {}): Promise<Page> {
    const tab = await open();
    await tab.goto(await serve({ "/training.js": script }, { isolated }));
    await tab.addScriptTag({ url: "/training.js" });
    return tab;
  }
  const trainIn = (tab: Page, backend: BackendName): Promise<Trained> =>
    tab.evaluate((name) => page.trainingSteps(name), backend);

  test.each([false, true])(
    "wasm trains with the bits that it has in Node, cross-origin isolated: %s",
    async (isolated) => {
      const tab = await openServed({ isolated });
      expect(await tab.evaluate(() => crossOriginIsolated)).toBe(isolated);
      const { device, ...there } = await trainIn(tab, "wasm");
      const { device: _, ...here } = await trainingSteps("wasm");
      expect(device).toContain("wasm");
      expect(here.losses[2]).toBeLessThan(here.losses[0]);
      expect(there).toEqual(here);
    },
  );

  test.each(["js", "webgpu"] as const)(
    "%s has the losses and gradients of double precision in Node",
    async (backend) => {
      const tab = await openServed();
      const there = await trainIn(tab, backend);
      const exact = await trainingSteps("js-f64");
      expect(there.device).toContain(backend);
      // a dozen rounded ops deep, sums of at most 90 terms: 12 · 90 · 2⁻²⁴ = 6e-5
      await assertClose(there.losses, exact.losses, 6e-5);
      for (const [name, values] of Object.entries(exact.gradients))
        await assertClose(there.gradients[name], values, 6e-5);
    },
  );

  test("the first example of README runs and prints what its comments say", async () => {
    const { code, promised } = blocks.find(({ page }) => page === "README.md")!;
    const tab = await open();
    const lines: Promise<unknown[]>[] = [];
    tab.on("console", (line) => {
      if (line.type() !== "log") return; // Chromium misses an icon
      lines.push(Promise.all(line.args().map((value) => value.jsonValue())));
    });
    const example = `${await bundleModule(code)}\ndocument.title = "done";`;
    await tab.goto(await serve({ "/example.js": example }, { isolated: false }));
    await tab.addScriptTag({ url: "/example.js", type: "module" });
    await tab.waitForFunction(() => document.title === "done");
    const printed = (await Promise.all(lines)).map(([value]) =>
      typeof value === "string" ? value : inspect(value),
    );
    expect(printed).toEqual(promised);
  });
});
