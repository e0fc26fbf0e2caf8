import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { displayPage } from "../../src/cli/view.ts";
import { readEvent } from "../../src/node/events.ts";
import { type DisplayOptions, displayOf, Event, hitPt } from "../../src/tracking/index.ts";
import { folder, writeEvent } from "../cli/helpers.ts";
import { openFile } from "./offline.ts";
import { describeInBrowser, useBrowser } from "./page.ts";
import { serve } from "./serve.ts";

/** Hits on cylinders, of one particle or of none. */
function syntheticEvent(numHits: number, particle: number): Event {
  const of = (value: (h: number) => number) =>
    Float64Array.from({ length: numHits }, (_, h) => value(h));
  const counted = (value: (h: number) => number) =>
    Uint32Array.from({ length: numHits }, (_, h) => value(h));
  const nothing = () => new Float64Array(numHits);
  const truth = {
    tx: nothing(),
    ty: nothing(),
    tz: nothing(),
    tpx: nothing(),
    tpy: nothing(),
    tpz: nothing(),
  };
  return new Event({
    name: "event000000077",
    hits: {
      hitId: counted((h) => h + 1),
      x: of((h) => (100 + 100 * (h % 10)) * Math.cos(h)),
      y: of((h) => (100 + 100 * (h % 10)) * Math.sin(h)),
      z: of((h) => ((h * 7919) % 2000) - 1000),
      volume: counted(() => 8),
      layer: counted((h) => 2 * (h % 10)),
      module: counted(() => 1),
    },
    particleIds: BigUint64Array.of(0n, 5n),
    truth: {
      isKnown: new Uint8Array(numHits).fill(1),
      particleIndex: new Uint32Array(numHits).fill(particle),
      ...truth,
      weight: nothing(),
    },
  });
}

describeInBrowser("the event display", () => {
  const open = useBrowser();

  async function show(event: Event, options: DisplayOptions = {}): Promise<Page> {
    const tab = await open();
    await openFile(tab, await displayPage(displayOf(event, options)));
    await tab.waitForFunction(() => document.body.dataset.drawn !== undefined);
    return tab;
  }
  /** What the graphics card was given in the last frame, by view. */
  const drawn = (tab: Page): Promise<Record<string, number>> =>
    tab.evaluate(async () => {
      // two frames: a change is drawn in the next
      for (let i = 0; i < 2; i++) await new Promise(requestAnimationFrame);
      return JSON.parse(document.body.dataset.drawn!);
    });
  const inEveryView = (count: number) => ({ space: count, xy: count, rz: count });
  const slide = (tab: Page, id: string, value: number) => tab.fill(`#${id}`, `${value}`);
  /** Pixels of a view that hits or lines cover. */
  const coloredPixels = (tab: Page, view: string) =>
    tab.evaluate((name) => {
      const canvas = document.querySelector<HTMLCanvasElement>("canvas.hits")!;
      const [box, all] = [document.querySelector(`.${name} .view`)!, canvas].map((e) =>
        e.getBoundingClientRect(),
      );
      const pen = new OffscreenCanvas(box.width, box.height).getContext("2d")!;
      pen.drawImage(canvas, all.left - box.left, all.top - box.top, all.width, all.height);
      const { data } = pen.getImageData(0, 0, box.width, box.height);
      return data.filter((value, i) => i % 4 === 3 && value > 0).length;
    }, view);

  test("draws every hit of an event in each view, from a file that asks for nothing", async () => {
    const event = await readEvent(writeEvent(folder()));
    const tab = await show(event);
    expect(await drawn(tab)).toEqual(inEveryView(event.numHits));
    for (const view of ["space", "xy", "rz"])
      expect(await coloredPixels(tab, view)).toBeGreaterThan(event.numHits);
    const policy = tab.evaluate(
      (url) =>
        fetch(url).then(
          () => "sent",
          () => "refused",
        ),
      await serve({}, { isolated: false }),
    );
    expect(await policy).toBe("refused"); // by the page itself
  });

  test("cuts on pT, η and noise leave the hits that they should", async () => {
    const event = await readEvent(
      writeEvent(folder(), (files) => {
        // pt 1 GeV but for the first particle
        files.particles = files.particles.replace(/^(\d+,211,0,0,0),[^,]*,[^,]*,/m, "$1,2.5,0,");
      }),
    );
    const tab = await show(event);
    await slide(tab, "minPt", 2);
    const hard = hitPt(event).filter((pt) => pt >= 2).length;
    expect(hard).toBe(5);
    expect(await drawn(tab)).toEqual(inEveryView(hard + 1)); // the noise hit has no pt
    await tab.click("#showNoise");
    expect(await drawn(tab)).toEqual(inEveryView(hard));
    await slide(tab, "minPt", 0);
    await slide(tab, "maxEta", 0);
    expect(await drawn(tab)).toEqual(inEveryView(0));
    expect(await tab.textContent("aside dl")).toContain("0 of 21");
  });

  test("a click on a hit shows its numbers, its particle and its track", async () => {
    const event = await readEvent(writeEvent(folder()));
    const hit = 3; // the fourth of the first particle
    const tab = await show(event, {
      tracks: Int32Array.from(event.hits.hitId, (_, h) => (h < 4 ? 17 : -1)),
    });
    const box = (await tab.locator(".xy .view").boundingBox())!;
    // the view starts with the outermost hit at 1/1.12 of its shorter side
    const scale = Math.min(box.width, box.height) / 2 / (1.12 * 200);
    const at = {
      x: box.width / 2 + event.hits.x[hit] * scale,
      y: box.height / 2 - event.hits.y[hit] * scale,
    };
    await tab.locator(".xy .view").click({ position: at });
    const numbers = await tab.locator("aside dl").last().innerText();
    expect(numbers).toContain(`${event.hits.hitId[hit]}`);
    expect(numbers).toContain(`${event.particleIds[event.truth!.particleIndex[hit]]}`);
    expect(numbers).toContain("17");
    expect(numbers).toContain("this particle");
    await tab.keyboard.press("Escape");
    expect(await tab.locator("aside").innerText()).toContain("Click a hit");
  });

  test("colors, lines, themes and single views leave the hits as they are", async () => {
    const event = await readEvent(writeEvent(folder()));
    const tracks = Int32Array.from(event.hits.hitId, (_, h) => Math.floor(h / 4));
    const edges = { source: Uint32Array.of(0, 1), target: Uint32Array.of(1, 20) };
    const tab = await show(event, { tracks, edges });
    for (const by of ["particle", "track", "match", "pt", "layer", "none"]) {
      await tab.selectOption("#colorBy", by);
      expect(await drawn(tab)).toEqual(inEveryView(21));
    }
    const withLines = await coloredPixels(tab, "xy");
    await tab.selectOption("#lines", "none");
    await tab.click("#showEdges");
    await drawn(tab);
    expect(await coloredPixels(tab, "xy")).toBeLessThan(withLines);
    await tab.click("#theme");
    await tab.click(".rz .tools button");
    expect(await drawn(tab)).toEqual({ rz: 21 });
  });

  test.each([
    ["one hit", syntheticEvent(1, 1)],
    ["nothing but noise", syntheticEvent(50, 0)],
  ])("an event with %s is drawn", async (_, event) => {
    const tab = await show(event);
    expect(await drawn(tab)).toEqual(inEveryView(event.numHits));
    for (const view of ["space", "xy", "rz"])
      expect(await coloredPixels(tab, view)).toBeGreaterThan(0);
  });

  test("100 000 hits are drawn, cut and picked", async () => {
    const tab = await show(syntheticEvent(100_000, 1));
    expect(await drawn(tab)).toEqual(inEveryView(100_000));
    await slide(tab, "maxEta", 1);
    const { xy } = await drawn(tab);
    expect(xy).toBeGreaterThan(0);
    expect(xy).toBeLessThan(100_000);
    await tab.locator(".space .view").click();
    expect(await tab.locator("aside").innerText()).toContain("Volume, layer, module");
  });
});
