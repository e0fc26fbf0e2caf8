import { checkEdges, type EdgeIndex } from "../graphs/edgeIndex.ts";
import type { LabelledGraph } from "../graphs/labelledGraph.ts";
import { type GoodOptions, goodNodes } from "./goodNodes.ts";

export interface EdgeEfficiencyOptions extends GoodOptions {
  /** All true edges there could be, each stored once. Default every pair of hits of a particle. */
  readonly trueEdges?: EdgeIndex;
}

/**
 * How many true edges a graph found, and how many of its edges are true (gnn-tracking,
 * arXiv:2309.16754).
 *
 *   efficiency = T / 2M,   purity = T / E     NaN for 0/0
 *
 * E edges have at least one good end, T of them are true; M true edges have both ends good. The 2
 * presumes that the graph holds both directions of an edge: with one, the efficiency is half of it.
 */
export function edgeEfficiency(
  { nodes, edges: { source, target }, isTrue }: LabelledGraph,
  options: EdgeEfficiencyOptions = {},
): { efficiency: number; purity: number } {
  const isGood = goodNodes(nodes, options);
  let numEdges = 0;
  let numTrue = 0;
  for (let e = 0; e < isTrue.length; e++) {
    if (!isGood[source[e]] && !isGood[target[e]]) continue;
    numEdges++;
    numTrue += isTrue[e];
  }
  const { trueEdges } = options;
  const numPossible = trueEdges ? numBothGood(trueEdges, isGood) : numPairs(nodes.particle, isGood);
  return { efficiency: numTrue / (2 * numPossible), purity: numTrue / numEdges };
}

function numBothGood(edges: EdgeIndex, isGood: Uint8Array): number {
  checkEdges("edgeEfficiency(trueEdges)", edges, isGood.length);
  let count = 0;
  for (let e = 0; e < edges.source.length; e++)
    if (isGood[edges.source[e]] && isGood[edges.target[e]]) count++;
  return count;
}

function numPairs(particle: ArrayLike<number>, isGood: Uint8Array): number {
  const hitsSoFar = new Map<number, number>();
  let pairs = 0;
  isGood.forEach((good, n) => {
    if (!good) return;
    const before = hitsSoFar.get(particle[n]) ?? 0;
    pairs += before;
    hitsSoFar.set(particle[n], before + 1);
  });
  return pairs;
}
