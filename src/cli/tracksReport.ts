/** The report of tracks found in events whose truth is known: scores, rates by pT, η and hits, a display. */
import {
  type BinnedMatching,
  displayOf,
  type Event,
  equalBins,
  hitEta,
  hitPhi,
  hitPt,
  hitReconstructable,
  hitsPerTrackPlot,
  hitVertexRadius,
  matchingRates,
  matchingRatesInBins,
  type PlotSpec,
  type Quantity,
  ratePlot,
  type Tracks,
} from "../tracking/index.ts";
import type { Report, ReportRow, ReportSection } from "./report.ts";
import { meanOf, reportOf } from "./scores.ts";

export interface FoundTracks {
  readonly event: Event;
  readonly tracks: Tracks;
}

const rates = { efficiency: "efficiency", fakeRate: "fake rate", duplicateRate: "duplicate rate" };

/** The display shows the first event. */
export function tracksReport(title: string, found: readonly FoundTracks[]): Report {
  const hits = found.reduce((sum, { event }) => sum + event.numHits, 0);
  const [{ event, tracks }] = found;
  return {
    title,
    subtitle: `${found.length} ${found.length === 1 ? "event" : "events"}, ${hits} hits`,
    sections: [
      scoreSection(found),
      rateSection(found),
      { heading: "Hits per track", plots: [hitsPerTrack(found)] },
      { heading: `Event ${event.name}`, display: displayOf(event, { tracks }) },
    ],
  };
}

function scoreSection(found: readonly FoundTracks[]): ReportSection {
  const reports = found.map(({ event, tracks }) => reportOf(event, tracks));
  const mean = meanOf(reports);
  const row = (name: string, scores: Partial<NonNullable<typeof mean>>): ReportRow => [
    name,
    ...(["trackml", "perfect", "doubleMajority", "lhc"] as const).map(
      (s) => scores[s] ?? Number.NaN,
    ),
  ];
  const rows = reports.slice(0, 20).map((report) => row(report.event, report));
  if (mean && reports.length > 1) rows.push(row(`mean of ${reports.length}`, mean));
  const head = ["event", "TrackML", "perfect", "double majority", "LHC"];
  return { heading: "Scores", table: { head, rows } };
}

function rateSection(found: readonly FoundTracks[]): ReportSection {
  const events = found.map(({ event, tracks }) => ({
    label: tracks,
    particle: event.truth!.particleIndex,
    isTarget: hitReconstructable(event),
  }));
  const all = matchingRates(events);
  const rows = Object.entries(rates).map(([key, name]): ReportRow => {
    const { value, low, high } = all[key as keyof typeof rates];
    return [name, value, low, high];
  });
  const by = (x: Quantity, valuesOf: (event: Event) => ArrayLike<number>, edges: number[]) => {
    const values = found.map(({ event }) => valuesOf(event));
    return ratesBy(matchingRatesInBins(events, values, edges), x);
  };
  return {
    heading: "Efficiency, fake and duplicate rates",
    text:
      "A particle should be found if it crossed three layers or more; a track of three hits or more is " +
      "matched to the particle that has more than half of its hits. Error bars: 68 % Clopper–Pearson.",
    table: { head: ["all pT and η", "rate", "low", "high"], rows },
    plots: [
      by(
        { name: "pT", unit: "GeV", isLog: true },
        hitPt,
        equalBins([0.1, 10], 12, { isLog: true }),
      ),
      by({ name: "η" }, hitEta, equalBins([-4, 4], 16)),
      by({ name: "φ", unit: "rad" }, hitPhi, equalBins([-Math.PI, Math.PI], 16)),
      by({ name: "vertex radius", unit: "mm" }, hitVertexRadius, equalBins([0, 400], 10)),
      by({ name: "hits of the particle" }, numHitsOfParticle, equalBins([0.5, 20.5], 20)),
    ],
  };
}

/** All rates in one plot. */
function ratesBy(bins: readonly BinnedMatching[], x: Quantity): PlotSpec {
  const series = Object.entries(rates).map(([key, name]) => ({
    name,
    bins: bins.map((bin) => ({ ...bin, rate: bin[key as keyof typeof rates] })),
  }));
  return ratePlot(series, { x, rate: "rate" });
}

function hitsPerTrack(found: readonly FoundTracks[]): PlotSpec {
  const particles = found.flatMap(({ event }) => groupSizes(event.truth!.particleIndex, 1));
  const tracks = found.flatMap(({ tracks: labels }) => groupSizes(labels, 0));
  return hitsPerTrackPlot([
    { name: "particles", hitCounts: particles },
    { name: "tracks", hitCounts: tracks },
  ]);
}

/** Hits of each group whose number is at least `least`. */
function groupSizes(groups: ArrayLike<number>, least: number): number[] {
  const sizes = new Map<number, number>();
  for (let h = 0; h < groups.length; h++)
    if (groups[h] >= least) sizes.set(groups[h], (sizes.get(groups[h]) ?? 0) + 1);
  return [...sizes.values()];
}

function numHitsOfParticle({ truth, particleIds }: Event): Float64Array {
  const counts = new Uint32Array(particleIds.length);
  for (const p of truth!.particleIndex) counts[p]++;
  return Float64Array.from(truth!.particleIndex, (p) => (p > 0 ? counts[p] : Number.NaN));
}
