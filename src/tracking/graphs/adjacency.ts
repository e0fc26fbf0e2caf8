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
 * Finds the fewest edges between two disjoint sets of nodes; ∞ if they are not connected.
 *
 * Breadth first from both sides, the smaller front next: sides meet after few nodes even where one
 * side alone would flood the graph. The search keeps its memory, so many questions about small sets
 * cost only what they visit.
 */
export function pathSearch({ offsets, nodes }: Adjacency) {
  const seenBy = new Uint32Array(offsets.length - 1); // mark of the last side that came by
  let lastMark = 0;
  const sideOf = (front: Uint32Array) => {
    const mark = ++lastMark;
    for (const node of front) seenBy[node] = mark;
    return { mark, front: Array.from(front) };
  };
  return (from: Uint32Array, to: Uint32Array): number => {
    let [near, far] = [sideOf(from), sideOf(to)];
    for (let steps = 1; near.front.length > 0 && far.front.length > 0; steps++) {
      if (near.front.length > far.front.length) [near, far] = [far, near];
      const next: number[] = [];
      for (const node of near.front)
        for (let i = offsets[node]; i < offsets[node + 1]; i++) {
          const other = nodes[i];
          if (seenBy[other] === far.mark) return steps;
          if (seenBy[other] === near.mark) continue;
          seenBy[other] = near.mark;
          next.push(other);
        }
      near.front = next;
    }
    return Infinity;
  };
}
