import { expect, test } from "vitest";
import { reportPage } from "../../src/cli/report.ts";
import { tracksReport } from "../../src/cli/tracksReport.ts";
import { readEvent } from "../../src/node/events.ts";
import { folder, writeEvent } from "../cli/helpers.ts";
import { plotSamples } from "../tracking/plotSamples.ts";
import { openFile } from "./offline.ts";
import { describeInBrowser, useBrowser } from "./page.ts";

describeInBrowser("a report", () => {
  const open = useBrowser();

  test("draws a plot of every kind, from a file that asks for nothing", async () => {
    const sections = Object.entries(plotSamples).map(([heading, plot]) => ({
      heading,
      plots: [plot],
    }));
    const tab = await open();
    await openFile(tab, await reportPage({ title: "Every plot", sections }));
    await tab.waitForFunction(() => document.body.dataset.ready !== undefined);
    expect(await tab.locator("figure canvas, figure svg.marks").count()).toBe(sections.length);
    // no plot is blank: each has pixels of more than one color
    const colors = await tab.locator("figure canvas").evaluateAll((canvases) =>
      (canvases as HTMLCanvasElement[]).map((canvas) => {
        const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
        return new Set(new Uint32Array(data.buffer)).size;
      }),
    );
    for (const count of colors) expect(count).toBeGreaterThan(10);
  });

  test("of tracks holds the event display with all hits in it", async () => {
    const event = await readEvent(writeEvent(folder()));
    const tracks = Int32Array.from(event.truth!.particleIndex, (p) => p - 1);
    const tab = await open();
    await openFile(tab, await reportPage(tracksReport("Tracks", [{ event, tracks }])));
    await tab.waitForFunction(() => document.body.dataset.ready !== undefined);
    await tab.locator("iframe").scrollIntoViewIfNeeded(); // it is loaded when it is seen
    const display = tab.frameLocator("iframe").locator("body[data-drawn]");
    await display.waitFor();
    const drawn = JSON.parse((await display.getAttribute("data-drawn"))!);
    expect(drawn).toEqual({ space: 21, xy: 21, rz: 21 });
    const counts = await tab.locator("section").first().innerText();
    expect(counts).toContain("event000000009");
  });
});
