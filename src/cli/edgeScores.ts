/**
 * How good the edges of a graph are, and what their scores are worth. A graph should hold the true segments:
 * consecutive hits of a particle, by their distance from where it was made.
 */
import {
  consecutiveEdges,
  type EdgeIndex,
  type Event,
  edgesFound,
  hitEta,
  hitPt,
  hitReconstructable,
  labelledGraph,
  type Proportion,
  particleRowOfHit,
  proportion,
  rocAuc,
  thresholdScan,
  vertexDistances,
} from "../tracking/index.ts";
import { UsageError } from "./command.ts";
import type { EdgesFile } from "./edgesFile.ts";
import { table } from "./table.ts";

export interface JudgedEdges extends EdgesFile {
  readonly event: Event;
  readonly isTrue: Uint8Array; // [E] both ends are hits of one particle
  readonly segments: EdgeIndex; // [S]
  readonly isFound: Uint8Array; // [S] as an edge in either direction
  readonly pt: Float64Array; // [S] GeV
}

export function judgeEdges(event: Event, file: EdgesFile): JudgedEdges {
  const { hits, truth, particles, numHits } = event;
  if (!truth || !particles)
    throw new UsageError(`score(edges): expected truth and particles, got ${event}`);
  const particle = truth.particleIndex;
  const pt = hitPt(event);
  const reconstructable = hitReconstructable(event);
  const { isTrue } = labelledGraph(
    { particle, pt, eta: hitEta(event), reconstructable },
    file.edges,
  );
  const rows = particleRowOfHit(event);
  const vertex = (of: Float64Array) => Float64Array.from(rows, (row) => of[row] ?? Number.NaN);
  const { vx, vy, vz } = particles;
  const vertices = { vx: vertex(vx), vy: vertex(vy), vz: vertex(vz) };
  const segments = consecutiveEdges({ particle, distance: vertexDistances(hits, vertices) });
  return {
    ...file,
    event,
    isTrue,
    segments,
    isFound: edgesFound(segments, file.edges, numHits),
    pt: Float64Array.from(segments.source, (hit) => pt[hit]),
  };
}

/** Shares in 0…1; those of scores only where the file has them. */
export interface EdgeScores {
  readonly event: string;
  readonly hits: number;
  readonly edges: number;
  readonly segments: number;
  readonly efficiency: number; // segments found
  readonly purity: number; // edges that are true
  readonly auc?: number;
  readonly f1?: number; // the best one …
  readonly threshold?: number; // … and the score at which it is reached
  readonly byPt: readonly { readonly minPt: number; readonly efficiency: Proportion }[];
}

export function edgeScores(judged: JudgedEdges, ptThresholds: readonly number[]): EdgeScores {
  const { event, edges, isTrue, segments, isFound, pt, scores } = judged;
  const share = (flags: Uint8Array) => flags.reduce((sum, flag) => sum + flag, 0) / flags.length;
  const above = (minPt: number) => isFound.filter((_, s) => pt[s] >= minPt);
  const best = scores && thresholdScan(scores, isTrue).f1;
  return {
    event: event.name,
    hits: event.numHits,
    edges: edges.source.length,
    segments: segments.source.length,
    efficiency: share(isFound),
    purity: share(isTrue),
    ...(scores && { auc: rocAuc(scores, isTrue), f1: best!.value, threshold: best!.threshold }),
    byPt: ptThresholds.map((minPt) => {
      const found = above(minPt);
      const passed = found.reduce((sum, flag) => sum + flag, 0);
      return { minPt, efficiency: proportion(passed, found.length) };
    }),
  };
}

export function edgeTable(scores: EdgeScores): string {
  const { byPt, ...whole } = scores;
  const names: Partial<Record<string, string>> = {
    auc: "ROC area",
    f1: "best F1",
    threshold: "at",
  };
  const head = Object.keys(whole).map((name) => names[name] ?? name);
  const rows = byPt.map(({ minPt, efficiency: { value, low, high, total } }) => [
    `${minPt}`,
    total,
    value,
    low,
    high,
  ]);
  const ranges = table(["pt ≥ (GeV)", "segments", "efficiency", "low", "high"], rows);
  return `${table(head, [Object.values(whole)])}\n\n${ranges}`;
}
