import { join } from "node:path";
import { inspect } from "node:util";
import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import type { OpenOptions } from "../../src/index.ts";
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
  const trainIn = (tab: Page, options: OpenOptions, numNodes?: number): Promise<Trained> =>
    tab.evaluate(([how, size]) => page.trainingSteps(how, size), [options, numNodes] as const);

  test.each([
    { isolated: true, threads: 2, workers: 1 },
    { isolated: true, threads: 1, workers: 0 },
    { isolated: false, threads: 2, workers: 0 }, // no memory can be shared there
  ])(
    "wasm trains with the bits that it has in Node: $threads threads, cross-origin isolated: $isolated",
    async ({ isolated, threads, workers }) => {
      const tab = await openServed({ isolated });
      let started = 0;
      tab.on("worker", () => started++);
      expect(await tab.evaluate(() => crossOriginIsolated)).toBe(isolated);
      const { device, ...there } = await trainIn(tab, { backend: "wasm", threads }, 6000);
      const { device: _, ...here } = await trainingSteps({ backend: "wasm" }, 6000);
      expect(device).toContain(workers > 0 ? "2 threads" : "one thread");
      expect(started).toBe(workers);
      expect(here.losses[2]).toBeLessThan(here.losses[0]);
      expect(there).toEqual(here);
    },
  );

  test.each(["js", "webgpu"] as const)(
    "%s has the losses and gradients of double precision in Node",
    async (backend) => {
      const tab = await openServed();
      const there = await trainIn(tab, { backend });
      const exact = await trainingSteps({ backend: "js-f64" });
      expect(there.device).toContain(backend);
      // a dozen rounded ops deep, sums of at most 111 terms: 12 · 111 · 2⁻²⁴ = 8e-5
      await assertClose(there.losses, exact.losses, 8e-5);
      for (const [name, values] of Object.entries(exact.gradients))
        await assertClose(there.gradients[name], values, 8e-5);
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
