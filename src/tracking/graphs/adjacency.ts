import type { EdgeIndex } from "./edgeIndex.ts";

/** Who can be reached in one step: of node n, nodes[offsets[n] … offsets[n + 1]). */
export interface Adjacency {
  readonly offsets: Uint32Array; // [N + 1]
  readonly nodes: Uint32Array; // [2 E]
}

/** Every edge leads both ways. */
export function adjacency({ source, target }: EdgeIndex, numNodes: number): Adjacency {
  const numEdges = source.length;
  const offsets = new Uint32Array(numNodes + 1);
  for (let e = 0; e < numEdges; e++) {
    offsets[source[e] + 1]++;
    offsets[target[e] + 1]++;
  }
  for (let n = 0; n < numNodes; n++) offsets[n + 1] += offsets[n];
  const next = offsets.slice();
  const nodes = new Uint32Array(2 * numEdges);
  for (let e = 0; e < numEdges; e++) {
    nodes[next[source[e]]++] = target[e];
    nodes[next[target[e]]++] = source[e];
  }
  return { offsets, nodes };
}

/**
 * Finds the fewest edges between two sets of nodes, breadth first; ∞ if they are not connected.
 * The search keeps its memory, so asking about many small sets costs only what it visits.
 */
export function pathSearch({ offsets, nodes }: Adjacency) {
  const seenBy = new Uint32Array(offsets.length - 1); // number of the last search that came by
  let numSearches = 0;
  return (from: ArrayLike<number>, isGoal: (node: number) => boolean): number => {
    numSearches++;
    let frontier = Array.from(from);
    for (const node of frontier) seenBy[node] = numSearches;
    for (let steps = 0; frontier.length > 0; steps++) {
      if (frontier.some(isGoal)) return steps;
      const next: number[] = [];
      for (const node of frontier)
        for (let i = offsets[node]; i < offsets[node + 1]; i++) {
          if (seenBy[nodes[i]] === numSearches) continue;
          seenBy[nodes[i]] = numSearches;
          next.push(nodes[i]);
        }
      frontier = next;
    }
    return Infinity;
  };
}
