/** Helpers of the tests about graphs of hits: slow and obvious versions of what src does fast. */
import type { LabelledGraph } from "../../src/tracking/index.ts";

/** Our names of the rates of a classifier, and the case files'. */
export const rateNames = {
  accuracy: "acc",
  tpr: "TPR",
  tnr: "TNR",
  fpr: "FPR",
  fnr: "FNR",
  balancedAccuracy: "balanced_acc",
  f1: "F1",
  mcc: "MCC",
  numTrue: "n_true",
  numFalse: "n_false",
  numPredictedTrue: "n_predicted_true",
  numPredictedFalse: "n_predicted_false",
} as const;

/** Rows of what can be reached from a row in one step, either way, among those that `isInside`. */
const step = ({ edges: { source, target } }: LabelledGraph, row: number) =>
  Array.from(source).flatMap((s, e) => (s === row ? [target[e]!] : target[e] === row ? [s] : []));

/** Steps from a set of rows to every row that can be reached through rows that are inside. */
export function stepsFrom(
  graph: LabelledGraph,
  rows: number[],
  isInside: (row: number) => boolean = () => true,
): Map<number, number> {
  const steps = new Map(rows.map((row) => [row, 0]));
  for (const [row, count] of steps)
    for (const next of step(graph, row))
      if (isInside(next) && !steps.has(next)) steps.set(next, count + 1); // is visited in turn
  return steps;
}

/** The rows of each connected part of those that are inside, by lowest row. */
export function partsOf(graph: LabelledGraph, isInside: (row: number) => boolean): number[][] {
  const parts: number[][] = [];
  for (const row of Array.from(graph.nodes.particle).keys())
    if (isInside(row) && !parts.some((part) => part.includes(row)))
      parts.push([...stepsFrom(graph, [row], isInside).keys()]);
  return parts;
}

/** Steps between a particle's two largest segments, for every choice among equally large ones. */
export function segmentDistances(graph: LabelledGraph, particle: number): number[] {
  const segments = partsOf(graph, (row) => graph.nodes.particle[row] === particle);
  const [first = 0, second = 0] = segments.map((rows) => rows.length).sort((a, b) => b - a);
  if (second === 0) return [0];
  return segments
    .filter((rows) => rows.length === first)
    .flatMap((from) =>
      segments
        .filter((rows) => rows !== from && rows.length === second)
        .map((to) => {
          const steps = stepsFrom(graph, from);
          return Math.min(...to.map((row) => steps.get(row) ?? Infinity));
        }),
    );
}
