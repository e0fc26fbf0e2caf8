/**
 * Which settings of a clustering are best: tried on validation events, never on the test split, whose score
 * would then be that of the luckiest setting.
 */
import { ShapeError } from "../engine/errors.ts";
import { type DbscanScanOptions, dbscanAt } from "./clustering/dbscanScan.ts";
import type { HdbscanOptions } from "./clustering/hdbscanOptions.ts";
import { type HdbscanGrid, type HdbscanSetting, hdbscanScan } from "./clustering/hdbscanScan.ts";
import type { Points } from "./clustering/points.ts";

/** One event to try settings on; what `score` needs to judge its labels may be beside the points. */
export interface ScanEvent {
  readonly points: Points;
  /** Which split it is of, where that is known. */
  readonly split?: "train" | "validation" | "test";
}

/** One setting, by falling mean. */
export interface ScanRow<Setting> {
  readonly setting: Setting;
  readonly scores: readonly number[]; // one per event
  readonly mean: number; // of those that are numbers
}

/** How good the labels of an event are: larger is better, NaN is not judged. */
export type Score<E> = (labels: Int32Array, event: E) => number;

/** Tries every combination of the grid; trees are grown once per event and minSamples. */
export function scanHdbscan<E extends ScanEvent>(
  events: readonly E[],
  grid: HdbscanGrid,
  score: Score<E>,
  fixed: HdbscanOptions = {},
): ScanRow<HdbscanSetting>[] {
  checkSplits("scanHdbscan", events);
  return ranked(events, score, ({ points }) => hdbscanScan(points, grid, fixed));
}

export interface DbscanGrid {
  readonly eps: readonly number[];
  readonly minSamples: readonly number[];
}

export interface DbscanSetting {
  readonly eps: number;
  readonly minSamples: number;
}

/** Tries every combination of the grid; trees are grown once per event and minSamples. */
export function scanDbscan<E extends ScanEvent>(
  events: readonly E[],
  { eps, minSamples }: DbscanGrid,
  score: Score<E>,
  fixed: Omit<DbscanScanOptions, "minSamples"> = {},
): ScanRow<DbscanSetting>[] {
  checkSplits("scanDbscan", events);
  return ranked(events, score, function* ({ points }) {
    for (const samples of minSamples) {
      const at = dbscanAt(points, { ...fixed, minSamples: samples });
      for (const radius of eps)
        yield { setting: { eps: radius, minSamples: samples }, labels: at(radius).labels };
    }
  });
}

function ranked<E extends ScanEvent, Setting>(
  events: readonly E[],
  score: Score<E>,
  tries: (event: E) => Iterable<{ setting: Setting; labels: Int32Array }>,
): ScanRow<Setting>[] {
  const rows: { setting: Setting; scores: number[] }[] = [];
  for (const event of events) {
    let i = 0;
    for (const { setting, labels } of tries(event)) {
      rows[i] ??= { setting, scores: [] };
      rows[i++].scores.push(score(labels, event));
    }
  }
  const withMeans = rows.map((row) => {
    const judged = row.scores.filter((s) => !Number.isNaN(s));
    return { ...row, mean: judged.reduce((sum, s) => sum + s, 0) / judged.length };
  });
  const rankOf = ({ mean }: { mean: number }) => (Number.isNaN(mean) ? -Infinity : mean);
  return withMeans.sort((a, b) => rankOf(b) - rankOf(a) || 0); // ∞ − ∞: as they came
}

function checkSplits(where: string, events: readonly ScanEvent[]): void {
  const wrong = events.findIndex(({ split }) => split === "test");
  if (wrong >= 0)
    throw new ShapeError(
      `${where}(events): expected validation events, got event ${wrong} of the test split ` +
        "(choose settings on the validation split, and report the test split once)",
    );
}
