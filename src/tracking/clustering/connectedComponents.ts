import { checkEdges, cutEdges, type EdgeIndex } from "../graphs/edgeIndex.ts";
import { numberSets, singletons, unite } from "./unionFind.ts";

export interface ComponentOptions {
  /** [E]; only edges with weight > threshold (strict, compared in f32) count. Default all edges. */
  readonly weight?: ArrayLike<number>;
  /** Default 0.5. */
  readonly threshold?: number;
}

/**
 * Connected components of a graph, edges taken without direction: a label per node, i32 [N],
 * components numbered 0, 1, … by their lowest node. A node without edges is one of its own.
 *
 * Union-find, Tarjan 1975 (doi:10.1145/321879.321884).
 */
export function connectedComponents(
  edges: EdgeIndex,
  numNodes: number,
  { weight, threshold = 0.5 }: ComponentOptions = {},
): Int32Array {
  checkEdges("connectedComponents", edges, numNodes);
  const { source, target } = weight ? cutEdges(edges, weight, threshold) : edges;
  const sets = singletons(numNodes);
  for (let e = 0; e < source.length; e++) unite(sets, source[e], target[e]);
  return numberSets(sets);
}
