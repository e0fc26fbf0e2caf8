/** Maps of two coordinates: regressed against true values, edge efficiency and purity in (r, z). */
import { type Cell, countsInCells, equalBins } from "./bins.ts";
import { labelOf, type PlotSpec, plot, type Quantity } from "./style.ts";

export interface RegressionOptions {
  readonly title?: string;
  /** Shown range of both axes; default: that of the true values. */
  readonly range?: readonly [low: number, high: number];
  readonly bins?: number;
}

/** How often each pair (true, predicted) occurs; a perfect regression fills the diagonal. */
export function regressionPlot(
  truth: ArrayLike<number>,
  predicted: ArrayLike<number>,
  parameter: Quantity,
  { title, range = extentOf(truth), bins = 60 }: RegressionOptions = {},
): PlotSpec {
  const edges = equalBins(range, bins);
  const cells = countsInCells(truth, predicted, { x: edges, y: edges });
  const [x, y] = ["true", "predicted"].map((kind) => ({
    ...parameter,
    name: `${kind} ${parameter.name}`,
  }));
  const color = { title: "hits", scale: { type: "log", scheme: "viridis" } };
  const [low, high] = range;
  const diagonal = {
    data: { values: [{ at: low }, { at: high }] },
    mark: { type: "line", color: "#d55e00", strokeDash: [5, 4], strokeWidth: 1.5 },
    encoding: {
      x: { field: "at", type: "quantitative" },
      y: { field: "at", type: "quantitative" },
    },
  };
  const sizes = { width: 320, height: 320 };
  return plot({ ...sizes, layer: [heatMap(cells, { x, y, color, range }), diagonal] }, title);
}

/** Edge efficiency and purity over the detector, side by side: cells from `sharesInCells`, x = z, y = r. */
export function edgeMapPlot(
  { efficiency, purity }: Readonly<Record<"efficiency" | "purity", readonly Cell[]>>,
  { title }: { title?: string } = {},
): PlotSpec {
  const [z, r] = [
    { name: "z", unit: "mm" },
    { name: "r", unit: "mm" },
  ];
  const color = (name: string) => ({ title: name, scale: { scheme: "viridis", domain: [0, 1] } });
  const map = (name: string, cells: readonly Cell[]) => ({
    width: 360,
    height: 220,
    ...heatMap(cells, { x: z, y: r, color: color(name) }),
  });
  const hconcat = [map("edge efficiency", efficiency), map("edge purity", purity)];
  return plot({ hconcat, spacing: 28, resolve: { scale: { color: "independent" } } }, title);
}

interface HeatMapOptions {
  readonly x: Quantity;
  readonly y: Quantity;
  readonly color: PlotSpec;
  readonly range?: readonly [number, number];
}

function heatMap(cells: readonly Cell[], { x, y, color, range }: HeatMapOptions): PlotSpec {
  const scale = { zero: false, nice: false, ...(range && { domain: range }) };
  const legend = { type: "gradient", orient: "right", gradientLength: 180 };
  const axis = { type: "quantitative", scale };
  const { title } = color;
  return {
    data: { values: cells },
    mark: "rect",
    encoding: {
      x: { field: "x", title: labelOf(x), ...axis },
      x2: { field: "x2" },
      y: { field: "y", title: labelOf(y), ...axis },
      y2: { field: "y2" },
      color: { field: "value", type: "quantitative", legend: { ...legend, title }, ...color },
      tooltip: ["x", "x2", "y", "y2", "count", "value"].map((field) => ({ field })),
    },
  };
}

function extentOf(values: ArrayLike<number>): [number, number] {
  const finite = Array.from(values).filter(Number.isFinite);
  const low = finite.reduce((a, b) => Math.min(a, b), Infinity);
  const high = finite.reduce((a, b) => Math.max(a, b), -Infinity);
  return low < high ? [low, high] : [(finite[0] ?? 0) - 1, (finite[0] ?? 0) + 1];
}
