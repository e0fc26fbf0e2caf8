/** One plot of every kind, from made-up numbers. */
import {
  edgeMapPlot,
  equalBins,
  histogramPlot,
  hitsPerTrackPlot,
  type PlotSpec,
  proportion,
  ratePlot,
  ratioPlot,
  regressionPlot,
  residualPlot,
  rocAuc,
  rocCurve,
  rocPlot,
  scorePlot,
  sharesInCells,
  splitMix,
  timingPlot,
  trainingPlot,
} from "../../src/tracking/index.ts";

const random = splitMix(5);
const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
const draws = (count: number, draw: () => number) => Array.from({ length: count }, draw);

const ptEdges = equalBins([0.1, 10], 10, { isLog: true });
const run = (name: string, plateau: number) => ({
  name,
  bins: ptEdges.slice(1).map((high, b) => {
    const total = Math.round(900 / (b + 1) ** 1.6);
    const passed = Math.round(total * plateau * (1 - Math.exp(-(b + 1) / 1.6)));
    return { low: ptEdges[b], high, rate: proportion(passed, total) };
  }),
});
const pt = { name: "pT", unit: "GeV", isLog: true };

const isTrue = draws(4000, () => (random() < 0.3 ? 1 : 0));
const scores = isTrue.map((yes) => 1 / (1 + Math.exp(-normal() * 1.5 - (yes ? 3 : -3))));
const truth = draws(5000, () => normal());
const residuals = truth.map(() => 0.08 * normal());
const z = draws(20_000, () => (random() - 0.5) * 2000);
const r = draws(20_000, () => 30 + 990 * random());
const cells = (share: number) =>
  sharesInCells(
    z,
    r,
    r.map((radius) => random() < share - radius / 4000),
    { x: equalBins([-1000, 1000], 40), y: equalBins([0, 1020], 20) },
  );

export const plotSamples: Readonly<Record<string, PlotSpec>> = {
  efficiency: ratePlot([run("EggNet", 0.97), run("Exa.TrkX", 0.9)], {
    x: pt,
    rate: "efficiency",
    title: "Efficiency",
  }),
  ratio: ratioPlot(run("this run", 0.97), run("reference", 0.93), {
    x: pt,
    rate: "efficiency",
    title: "Two runs",
  }),
  roc: rocPlot([{ name: "edge filter", ...rocCurve(scores, isTrue), auc: rocAuc(scores, isTrue) }]),
  scores: scorePlot(scores, isTrue, { title: "Edge scores" }),
  edges: edgeMapPlot({ efficiency: cells(1), purity: cells(0.7) }),
  residuals: residualPlot(residuals, { name: "pT", unit: "GeV" }),
  regression: regressionPlot(
    truth,
    truth.map((x, i) => x + residuals[i]),
    { name: "sin φ" },
  ),
  hitsPerTrack: hitsPerTrackPlot([
    {
      name: "particles",
      hitCounts: draws(500, () => Math.max(1, Math.round(10 + 2.5 * normal()))),
    },
    { name: "tracks", hitCounts: draws(450, () => Math.max(1, Math.round(9 + 3 * normal()))) },
  ]),
  comparison: histogramPlot(
    [
      { name: "simulated", values: draws(4000, () => Math.exp(normal() - 0.7)) },
      { name: "real", values: draws(900, () => Math.exp(normal() * 0.9 - 0.6)) },
    ],
    {
      x: pt,
      edges: equalBins([0.05, 20], 40, { isLog: true }),
      isNormalized: true,
      what: "particles",
    },
  ),
  training: trainingPlot(
    ["training", "validation"].map((name, i) => ({
      name,
      x: draws(40, () => 0).map((_, epoch) => epoch + 1),
      y: draws(40, () => 0).map(
        (_, epoch) => 0.02 + 0.01 * i + Math.exp(-epoch / 8) * (1 + 0.1 * normal()),
      ),
    })),
    { x: { name: "epoch" }, y: { name: "loss", isLog: true }, title: "Training" },
  ),
  timing: timingPlot(
    ["read", "build graph", "embed", "cluster", "score"].map((stage, s) => ({
      stage,
      milliseconds: draws(9, () => (s + 1) * 12 * (1 + 0.3 * random())),
    })),
    { title: "Time per stage" },
  ),
};
