import type { PlotSpec } from "../tracking/index.ts";

/** A plot as the text of an SVG file. */
export async function plotSvg(spec: PlotSpec): Promise<string> {
  // loaded when a plot is drawn: they take most of a second
  const [{ compile }, { parse, View }] = await Promise.all([import("vega-lite"), import("vega")]);
  const view = new View(parse(compile(spec as never).spec), { renderer: "none" });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}
