/** The report of a graph: maps of edge efficiency and purity, what scores are worth, the edges in a display. */
import {
  displayOf,
  edgeMapPlot,
  equalBins,
  type PlotSpec,
  proportion,
  ratePlot,
  rocAuc,
  rocCurve,
  rocPlot,
  scorePlot,
  sharesInCells,
} from "../tracking/index.ts";
import type { EdgeScores, JudgedEdges } from "./edgeScores.ts";
import type { Report, ReportSection } from "./report.ts";

export function edgesReport(judged: JudgedEdges, { byPt, ...numbers }: EdgeScores): Report {
  const { event, edges, scores, isTrue } = judged;
  const rows = Object.entries(numbers).map(([name, value]) => [name, value] as const);
  const ofScores: ReportSection[] = scores
    ? [{ heading: "Scores of edges", plots: scorePlots(scores, isTrue) }]
    : [];
  return {
    title: `Edges of ${event.name}`,
    subtitle: `${event.numHits} hits, ${edges.source.length} edges`,
    sections: [
      {
        heading: "Efficiency and purity",
        text:
          "Efficiency: the share of true segments, consecutive hits of a particle, that are edges. Purity: the " +
          "share of edges that join two hits of a particle. Error bars: 68 % Clopper–Pearson.",
        table: { head: ["", ""], rows },
        plots: [ptPlot(judged), mapOf(judged)],
      },
      ...ofScores,
      { heading: `Event ${event.name}`, display: displayOf(event, { edges }) },
    ],
  };
}

function scorePlots(scores: Float64Array, isTrue: Uint8Array): PlotSpec[] {
  const curve = { name: "scores", ...rocCurve(scores, isTrue), auc: rocAuc(scores, isTrue) };
  const plots = [scorePlot(scores, isTrue)];
  // without edges of both kinds there is no curve
  return Number.isNaN(curve.auc) ? plots : [rocPlot([curve]), ...plots];
}

function ptPlot({ isFound, pt }: JudgedEdges): PlotSpec {
  const edges = equalBins([0.1, 10], 12, { isLog: true });
  const bins = edges.slice(1).map((high, b) => {
    const inside = isFound.filter((_, s) => pt[s] >= edges[b] && pt[s] < high);
    const passed = inside.reduce((sum, flag) => sum + flag, 0);
    return { low: edges[b], high, rate: proportion(passed, inside.length) };
  });
  const x = { name: "pT", unit: "GeV", isLog: true };
  return ratePlot([{ name: "segments", bins }], { x, rate: "edge efficiency" });
}

/** Where in the detector: each segment and edge counts where it starts. */
function mapOf({ event, segments, isFound, edges, isTrue }: JudgedEdges): PlotSpec {
  const { x, y, z } = event.hits;
  const at = ({ source }: { source: ArrayLike<number> }) => ({
    z: Float64Array.from(source, (hit) => z[hit]),
    r: Float64Array.from(source, (hit) => Math.hypot(x[hit], y[hit])),
  });
  const [ofSegments, ofEdges] = [at(segments), at(edges)];
  const cells = { x: equalBins([-3000, 3000], 60), y: equalBins([0, 1050], 30) }; // the whole detector
  return edgeMapPlot({
    efficiency: sharesInCells(ofSegments.z, ofSegments.r, isFound, cells),
    purity: sharesInCells(ofEdges.z, ofEdges.r, isTrue, cells),
  });
}
