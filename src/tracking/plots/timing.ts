import { type PlotSpec, palette, plot, plotWidth } from "./style.ts";

/** How long each stage took in each event, in milliseconds. */
export interface StageTimes {
  readonly stage: string;
  readonly milliseconds: ArrayLike<number>;
}

/** The median of each stage as a bar, its fastest and slowest event as a line; stages in order. */
export function timingPlot(
  stages: readonly StageTimes[],
  { title }: { title?: string } = {},
): PlotSpec {
  const values = stages.map(({ stage, milliseconds }) => {
    const sorted = Float64Array.from(milliseconds).sort();
    const [last, middle] = [sorted.length - 1, sorted.length / 2];
    const median = (sorted[Math.ceil(middle) - 1] + sorted[Math.floor(middle)]) / 2;
    return { stage, fastest: sorted[0], median, slowest: sorted[last] };
  });
  const place = { field: "stage", type: "nominal", sort: null, title: null };
  const time = { type: "quantitative", title: "time per event [ms]" };
  const layer = [
    {
      mark: { type: "bar", color: palette[0], height: { band: 0.6 } },
      encoding: { x: { field: "median", ...time } },
    },
    {
      mark: { type: "rule", strokeWidth: 1.5, color: "#1d2430" },
      encoding: { x: { field: "fastest", ...time }, x2: { field: "slowest" } },
    },
  ];
  const height = { step: 30 };
  return plot({ width: plotWidth, height, data: { values }, encoding: { y: place }, layer }, title);
}
