/** The page of a report: draws its plots where the document has room for them. */
import embed from "vega-embed";
import { readData } from "../data.ts";

const { plots } = readData() as { plots: readonly object[] };
const options = { actions: { export: true, source: false, compiled: false, editor: false } };
const figures = [...document.querySelectorAll<HTMLElement>("[data-plot]")];
void drawAll();

async function drawAll(): Promise<void> {
  await Promise.all(
    figures.map((figure) => embed(figure, plots[Number(figure.dataset.plot)], options)),
  );
  document.body.dataset.ready = `${figures.length}`; // what tests and scripts wait for
}
