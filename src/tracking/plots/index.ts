/** The catalogue of plots: functions from numbers to vega-lite specifications, plain JSON. */
export { type Cell, countsInCells, equalBins, histogram, sharesInCells } from "./bins.ts";
export { type Curve, rocPlot, trainingPlot } from "./curves.ts";
export { edgeMapPlot, type RegressionOptions, regressionPlot } from "./heatMaps.ts";
export {
  type HistogramOptions,
  histogramPlot,
  hitsPerTrackPlot,
  residualPlot,
  scorePlot,
  type ValueSeries,
} from "./histograms.ts";
export {
  type BinnedRate,
  type RatePlotOptions,
  type RateSeries,
  ratePlot,
  ratioPlot,
} from "./rates.ts";
export type { PlotSpec, Quantity } from "./style.ts";
export { type StageTimes, timingPlot } from "./timing.ts";
