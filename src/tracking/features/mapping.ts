/**
 * Values of nodes on edges and back, as EggNet maps them: true edges of tracks and edges of a graph are
 * both pairs of nodes. N nodes, E edges.
 */
import type { EdgeIndex } from "../graphs/edgeIndex.ts";

export type Reduction = "sum" | "mean" | "max" | "min";

/** Values of both ends of each edge: f64 [E] of the sources and of the targets. */
export function atEnds(values: ArrayLike<number>, { source, target }: EdgeIndex) {
  const take = (nodes: ArrayLike<number>) => Float64Array.from(nodes, (node) => values[node]);
  return { source: take(source), target: take(target) };
}

/** The two ends of each edge put together, f64 [E]. */
export function overEnds(
  values: ArrayLike<number>,
  edges: EdgeIndex,
  reduction: Reduction,
): Float64Array {
  const { source, target } = atEnds(values, edges);
  return source.map((value, e) => reductions[reduction]([value, target[e]]));
}

/** Which of an edge's nodes receive its value. */
export type Ends = "both" | "target";

/** Values of the edges at each node put together, f64 [N]; 0 where there is no edge. */
export function atNodes(
  values: ArrayLike<number>,
  edges: EdgeIndex,
  numNodes: number,
  { ends, reduction }: { readonly ends: Ends; readonly reduction: Reduction },
): Float64Array {
  const received = Array.from({ length: numNodes }, (): number[] => []);
  for (let e = 0; e < values.length; e++) {
    if (ends === "both") received[edges.source[e]].push(values[e]);
    received[edges.target[e]].push(values[e]);
  }
  return Float64Array.from(received, (list) =>
    list.length === 0 ? 0 : reductions[reduction](list),
  );
}

/** The value of its last edge at each node, either end, f64 [N]; 0 where there is no edge. */
export function lastAtNodes(
  values: ArrayLike<number>,
  edges: EdgeIndex,
  numNodes: number,
): Float64Array {
  const last = new Float64Array(numNodes);
  for (let e = 0; e < values.length; e++) {
    last[edges.source[e]] = values[e];
    last[edges.target[e]] = values[e];
  }
  return last;
}

const sum = (list: readonly number[]) => list.reduce((total, x) => total + x, 0);
const reductions: Record<Reduction, (list: readonly number[]) => number> = {
  sum,
  mean: (list) => sum(list) / list.length,
  max: (list) => list.reduce((most, x) => Math.max(most, x), -Infinity),
  min: (list) => list.reduce((least, x) => Math.min(least, x), Infinity),
};
