/** Distributions: of any value, of scores, of residuals, of hits per track. */
import { residualStatistics } from "../metrics/residualStatistics.ts";
import { equalBins, histogram } from "./bins.ts";
import {
  labelOf,
  type PlotSpec,
  plot,
  plotHeight,
  plotWidth,
  type Quantity,
  seriesColor,
} from "./style.ts";

export interface ValueSeries {
  readonly name: string;
  readonly values: ArrayLike<number>;
}

export interface HistogramOptions {
  readonly x: Quantity;
  /** Ascending. */
  readonly edges: readonly number[];
  /** Shares of each series instead of counts, to compare series of different size. */
  readonly isNormalized?: boolean;
  /** Counts on a logarithmic axis; empty bins are left out of it. */
  readonly isLog?: boolean;
  /** What is counted; default: "entries". */
  readonly what?: string;
  readonly title?: string;
  readonly subtitle?: string;
}

/** One outline per series. */
export function histogramPlot(series: readonly ValueSeries[], options: HistogramOptions): PlotSpec {
  const {
    x,
    edges,
    isNormalized = false,
    isLog = false,
    what = "entries",
    title,
    subtitle,
  } = options;
  const least = isNormalized ? 1e-5 : 0.5;
  const rows = series.flatMap(({ name, values }) => {
    const counts = histogram(values, edges);
    const all = isNormalized
      ? Math.max(
          1,
          counts.reduce((a, b) => a + b, 0),
        )
      : 1;
    return Array.from(counts, (count, b) => ({
      series: name,
      low: edges[b],
      high: edges[b + 1],
      count: isLog ? Math.max(least, count / all) : count / all,
    }));
  });
  const scale = x.isLog ? { type: "log", nice: false } : { zero: false, nice: false };
  const count = {
    field: "count",
    type: "quantitative",
    title: isNormalized ? `share of ${what}` : what,
    scale: isLog ? { type: "log", domainMin: least } : { zero: true },
    stack: null,
  };
  const encoding = {
    x: { field: "low", type: "quantitative", title: labelOf(x), scale },
    x2: { field: "high" },
    y: count,
    ...(isLog ? { y2: { datum: least } } : {}),
    color: seriesColor(series.map(({ name }) => name)),
  };
  // the outline as a line that keeps each bin's height up to its end
  const last = series.flatMap(({ name }) => {
    const { count: height = 0 } = rows.filter((row) => row.series === name).at(-1) ?? {};
    return {
      series: name,
      low: edges[edges.length - 1],
      high: edges[edges.length - 1],
      count: height,
    };
  });
  const { x2: _, y2: __, ...outline } = encoding as typeof encoding & { y2?: unknown };
  const tooltip = ["series", "low", "high", "count"].map((field) => ({ field }));
  return plot(
    {
      width: plotWidth,
      height: plotHeight,
      layer: [
        {
          data: { values: rows },
          mark: { type: "rect", opacity: 0.14 },
          encoding: { ...encoding, y2: { datum: isLog ? least : 0 }, tooltip },
        },
        {
          data: { values: [...rows, ...last] },
          mark: { type: "line", interpolate: "step-after", strokeWidth: 1.8 },
          encoding: outline,
        },
      ],
    },
    title,
    subtitle,
  );
}

/** Scores in 0 … 1 of true and of false edges. */
export function scorePlot(
  scores: ArrayLike<number>,
  isTrue: ArrayLike<number>,
  { title, bins = 50 }: { title?: string; bins?: number } = {},
): PlotSpec {
  const of = (wanted: boolean) =>
    Array.from(scores).filter((_, e) => Boolean(isTrue[e]) === wanted);
  const series = [
    { name: "true edges", values: of(true) },
    { name: "false edges", values: of(false) },
  ];
  const edges = equalBins([0, 1], bins);
  return histogramPlot(series, {
    x: { name: "score" },
    edges,
    isLog: true,
    what: "edges",
    ...(title && { title }),
  });
}

/** Predicted − true, within five robust widths of the middle; mean and width in the subtitle. */
export function residualPlot(
  residuals: ArrayLike<number>,
  parameter: Quantity,
  { title, bins = 60 }: { title?: string; bins?: number } = {},
): PlotSpec {
  const { mean, std, median, iqrSigma } = residualStatistics(residuals);
  const width = iqrSigma || std || 1;
  const edges = equalBins([median - 5 * width, median + 5 * width], bins);
  const unit = parameter.unit ? ` ${parameter.unit}` : "";
  const short = (value: number) => `${value.toPrecision(3)}${unit}`.replace("-", "−");
  return histogramPlot([{ name: parameter.name, values: residuals }], {
    x: { ...parameter, name: `predicted − true ${parameter.name}` },
    edges,
    title: title ?? `Residuals of ${parameter.name}`,
    subtitle: `mean ${short(mean)}, σ ${short(std)}, σ of the middle half ${short(iqrSigma)}`,
  });
}

/** How many hits particles and tracks have, −1 and 0 being none, as in `truth` and `tracks`. */
export function hitsPerTrackPlot(
  groups: readonly { readonly name: string; readonly hitCounts: ArrayLike<number> }[],
  { title, most = 25 }: { title?: string; most?: number } = {},
): PlotSpec {
  const series = groups.map(({ name, hitCounts }) => ({ name, values: hitCounts }));
  const edges = Array.from({ length: most + 1 }, (_, n) => n + 0.5);
  return histogramPlot(series, {
    x: { name: "hits" },
    edges,
    what: "tracks",
    ...(title && { title }),
  });
}
