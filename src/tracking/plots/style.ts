/**
 * How all plots look. A plot is a vega-lite specification, plain JSON that holds its data: it becomes an
 * SVG without a browser, or an interactive plot of a report.
 */
export type PlotSpec = { readonly [name: string]: unknown };

/** A quantity on an axis, and its unit if it has one. */
export interface Quantity {
  readonly name: string;
  readonly unit?: string;
  readonly isLog?: boolean;
}

/** Told apart with any color vision, after Okabe & Ito 2008 (Color Universal Design). */
export const palette = ["#0072b2", "#d55e00", "#009e73", "#cc5f9e", "#b8860b", "#3aa0d8"];

const [ink, quiet] = ["#1d2430", "#5a6475"];
const font = "system-ui, 'Helvetica Neue', 'DejaVu Sans', sans-serif";

const config = {
  background: "white",
  padding: 8,
  font,
  view: { stroke: "#c5ccd6" },
  axis: {
    gridColor: "#eceff3",
    domainColor: "#c5ccd6",
    tickColor: "#c5ccd6",
    labelColor: quiet,
    titleColor: ink,
    titleFontWeight: 600,
    labelFontSize: 11,
    titleFontSize: 12,
    titlePadding: 8,
  },
  legend: {
    labelColor: ink,
    titleColor: ink,
    labelFontSize: 11,
    labelLimit: 300,
    symbolStrokeWidth: 3,
    symbolOpacity: 1,
    orient: "top",
    title: null,
  },
  title: { anchor: "start", color: ink, subtitleColor: quiet, fontSize: 14, offset: 10 },
  range: { category: palette },
  concat: { spacing: 12 },
};

export const [plotWidth, plotHeight] = [440, 280];

/** The outermost level of every plot. */
export const plot = (parts: PlotSpec, title?: string, subtitle?: string): PlotSpec => ({
  $schema: "https://vega.github.io/schema/vega-lite/v6.json",
  config,
  ...(title === undefined ? {} : { title: { text: title, ...(subtitle && { subtitle }) } }),
  ...parts,
});

export const labelOf = ({ name, unit }: Quantity): string => (unit ? `${name} [${unit}]` : name);

/** A color per series, in the order given; a single series needs no legend. */
export const seriesColor = (names: readonly string[]): PlotSpec => ({
  field: "series",
  type: "nominal",
  scale: { domain: names, range: names.map((_, i) => palette[i % palette.length]) },
  ...(names.length > 1 ? {} : { legend: null }),
});
