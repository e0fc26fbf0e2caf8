/** Rates in bins: efficiency, fake and duplicate rate with their intervals, and the ratio of two runs. */
import type { Interval } from "../metrics/proportion.ts";
import {
  labelOf,
  type PlotSpec,
  plot,
  plotHeight,
  plotWidth,
  type Quantity,
  seriesColor,
} from "./style.ts";

/** A rate where low ≤ x < high; the interval's own low and high are the ends of its error bar. */
export interface BinnedRate {
  readonly low: number;
  readonly high: number;
  readonly rate: Interval & { readonly value: number };
}

export interface RateSeries {
  readonly name: string;
  readonly bins: readonly BinnedRate[];
}

export interface RatePlotOptions {
  readonly x: Quantity;
  /** What the rate is, like "efficiency". */
  readonly rate: string;
  readonly title?: string;
  readonly subtitle?: string;
}

/** Points with horizontal bars for the bins and vertical ones for the intervals. */
export function ratePlot(series: readonly RateSeries[], options: RatePlotOptions): PlotSpec {
  const { title, subtitle } = options;
  const sizes = { width: plotWidth, height: plotHeight };
  return plot({ ...sizes, ...curves(series, options) }, title, subtitle);
}

/** Two runs over each other, and below them the first divided by the second. */
export function ratioPlot(
  run: RateSeries,
  reference: RateSeries,
  options: RatePlotOptions,
): PlotSpec {
  const { title, subtitle, x } = options;
  const upper = { width: plotWidth, height: 220, ...curves([run, reference], options, "") };
  const points = run.bins.map((bin, b) => {
    const other = reference.bins[b];
    const rate = other && other.low === bin.low ? ratio(bin.rate, other.rate) : undefined;
    return row(run.name, { ...bin, rate: rate ?? { value: Number.NaN, low: 0, high: 0 } }, x);
  });
  const lower = {
    width: plotWidth,
    height: 90,
    data: { values: points.filter(({ value }) => value !== null) },
    encoding: { color: seriesColor([run.name]) },
    layer: [
      {
        data: { values: [{ one: 1 }] },
        mark: line,
        encoding: { y: { field: "one", type: "quantitative" }, color: { value: "#5a6475" } },
      },
      ...marks(x, { title: "ratio", scale: { zero: false } }),
    ],
  };
  return plot(
    { vconcat: [upper, lower], resolve: { scale: { color: "independent" } } },
    title,
    subtitle,
  );
}

const line = { type: "rule", strokeDash: [4, 3], opacity: 0.7 };

/** a / b with the errors of both in quadrature, up and down for themselves. */
export function ratio(
  a: BinnedRate["rate"],
  b: BinnedRate["rate"],
): BinnedRate["rate"] | undefined {
  if (!(b.value > 0)) return undefined;
  const value = a.value / b.value;
  const relative = (da: number, db: number) => Math.hypot(da / b.value, (value * db) / b.value);
  const up = relative(a.high - a.value, b.value - b.low);
  const down = relative(a.value - a.low, b.high - b.value);
  return { value, low: Math.max(0, value - down), high: value + up };
}

function curves(
  series: readonly RateSeries[],
  { x, rate }: RatePlotOptions,
  xTitle?: string,
): PlotSpec {
  const rows = series.flatMap(({ name, bins }) => bins.map((bin) => row(name, bin, x)));
  const drawn = rows.filter(({ value }) => value !== null); // bins without a trial have no point
  // error bars may leave the picture, points never do
  const most = drawn.reduce((top, { value }) => Math.max(top, value ?? 0), 1);
  return {
    data: { values: drawn },
    encoding: { color: seriesColor(series.map(({ name }) => name)) },
    layer: marks(
      x,
      { title: rate, scale: { domain: [0, most === 1 ? 1.02 : 1.05 * most], nice: false } },
      xTitle,
    ),
  };
}

function marks(x: Quantity, y: PlotSpec, xTitle = labelOf(x)): PlotSpec[] {
  const { title, scale } = y;
  const across = {
    type: "quantitative",
    title: xTitle,
    scale: x.isLog ? { type: "log" } : { zero: false, nice: false },
  };
  const up = { type: "quantitative", title, scale };
  const place = { field: "x", ...across };
  const tooltip = ["series", "low", "high", "value", "below", "above"].map((field) => ({ field }));
  return [
    {
      mark: { type: "rule", strokeWidth: 1.5, clip: true },
      encoding: {
        x: { field: "low", ...across },
        x2: { field: "high" },
        y: { field: "value", ...up },
      },
    },
    {
      mark: { type: "rule", strokeWidth: 1.5, clip: true },
      encoding: { x: place, y: { field: "below", ...up }, y2: { field: "above" } },
    },
    {
      mark: { type: "point", filled: true, size: 42, opacity: 1 },
      encoding: { x: place, y: { field: "value", ...up }, tooltip },
    },
  ];
}

function row(series: string, { low, high, rate }: BinnedRate, { isLog = false }: Quantity) {
  const x = isLog ? Math.sqrt(low * high) : (low + high) / 2;
  const number = (value: number) => (Number.isFinite(value) ? value : null);
  return {
    series,
    low,
    high,
    x,
    value: number(rate.value),
    below: number(rate.low),
    above: number(rate.high),
  };
}
