/** The score table that `reconstruct` and `score` print. */
import { meanScores } from "../../models/index.ts";
import {
  type Event,
  hitTruth,
  numTracks,
  type Tracks,
  trackFormersMetrics,
} from "../tracking/index.ts";
import { table } from "./table.ts";

/** Rates in 0…1; NaN where undefined, which JSON shows as null. */
export interface Scores {
  trackml: number;
  perfect: number;
  doubleMajority: number;
  lhc: number;
}

export interface EventReport extends Partial<Scores> {
  event: string;
  hits: number;
  tracks: number;
}

const rates = ["trackml", "perfect", "doubleMajority", "lhc"] as const;
const rateNames = ["TrackML", "perfect", "double majority", "LHC"] as const;

/** What was found in one event; with scores if its truth is known. */
export function reportOf(event: Event, tracks: Tracks, { compat = false } = {}): EventReport {
  const found = { event: event.name, hits: event.numHits, tracks: numTracks(tracks) };
  const { truth } = event;
  if (!truth) return found;
  const labels = tracks.filter((_, hit) => truth.isKnown[hit] === 1);
  return { ...found, ...trackFormersMetrics(labels, hitTruth(event), { compat }) };
}

/** Mean of each rate over the events where it is defined. */
export function meanOf(reports: readonly EventReport[]): Scores | null {
  const scored = reports.filter(({ trackml }) => trackml !== undefined);
  if (scored.length === 0) return null;
  return meanScores(scored as readonly Scores[]);
}

/** Mean scores of several ways to find tracks, a row each; `what` heads their names. */
export const scoresBeside = (what: string, ways: Readonly<Record<string, Scores>>): string =>
  table(
    [what, ...rateNames],
    Object.entries(ways).map(([name, scores]) => [name, ...rates.map((rate) => scores[rate])]),
  );

const mostRows = 12; // beyond, only the mean is printed

export function scoreTable(reports: readonly EventReport[]): string {
  const head = ["event", "hits", "tracks"];
  const rows = reports.map(({ event, hits, tracks }): (string | number)[] => [event, hits, tracks]);
  const mean = meanOf(reports);
  if (!mean) return table(head, rows);
  const scored = reports.map((report, r) => [
    ...rows[r],
    ...rates.map((rate) => report[rate] ?? Number.NaN),
  ]);
  const average = (key: "hits" | "tracks") =>
    Math.round(reports.reduce((sum, r) => sum + r[key], 0) / reports.length);
  const last = [
    `mean of ${reports.length}`,
    average("hits"),
    average("tracks"),
    ...rates.map((rate) => mean[rate]),
  ];
  const shown =
    reports.length > mostRows ? [last] : reports.length > 1 ? [...scored, last] : scored;
  return table([...head, ...rateNames], shown);
}
