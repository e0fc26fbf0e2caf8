import { checkEdges, type EdgeIndex } from "../graphs/edgeIndex.ts";

/** Which of the wanted edges [E] are in a graph of `numNodes` nodes, in either direction; u8 [E]. */
export function edgesFound(wanted: EdgeIndex, graph: EdgeIndex, numNodes: number): Uint8Array {
  checkEdges("edgesFound(wanted)", wanted, numNodes);
  checkEdges("edgesFound(graph)", graph, numNodes);
  const keyOf = (a: number, b: number) => Math.min(a, b) * numNodes + Math.max(a, b);
  const keys = new Set(Array.from(graph.source, (from, e) => keyOf(from, graph.target[e])));
  return Uint8Array.from(wanted.source, (from, e) =>
    keys.has(keyOf(from, wanted.target[e])) ? 1 : 0,
  );
}
