import type { Neighborhoods } from "./coreDistances.ts";
import { endRound, type ForeignRounds, foreignRounds, startRound } from "./foreignRounds.ts";
import { foreignSearch } from "./foreignSearch.ts";
import { type KdTree, leavesOf } from "./kdTree.ts";
import { ownMemory } from "./memory.ts";
import type { OnProgress } from "./progress.ts";
import { type SpanningTree, sortEdges } from "./spanningTree.ts";
import { find, singletons } from "./unionFind.ts";

/**
 * Minimum spanning tree by Borůvka's rounds on a KD-tree (March, Ram and Gray 2010,
 * doi:10.1145/1835804.1835882; walks of one tree as in Prokopenko et al. 2022,
 * doi:10.1145/3545008.3546185, but of the points of a leaf together).
 *
 * Each round finds the first edge, in the order of spanningTree.ts, that leaves each component, and
 * joins along all of them; a strict order cannot close a cycle. A walk skips nodes inside the
 * component, nodes that are too far, and nodes whose points all have too large a core distance.
 *
 * What a walk learned holds in later rounds, because components only grow: the nearest foreign point
 * stays the nearest while it is foreign, and a lower bound stays a lower bound. The largest component
 * never looks, as the others find their way to it.
 */
export function boruvka(
  tree: KdTree,
  around: Neighborhoods,
  alpha = 1,
  onProgress?: OnProgress,
): SpanningTree {
  const rounds = foreignRounds(tree, around.core, ownMemory, 1);
  const lookFrom = foreignSearch(tree, around, alpha, rounds, rounds.best[0]);
  const leaves = leavesOf(tree);
  const steps = boruvkaRounds(tree, rounds, onProgress);
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
    for (const leaf of leaves) lookFrom(leaf, value);
  }
}

/** The rounds: each yields the largest component, whereupon somebody has to look from all leaves for the others. */
export function* boruvkaRounds(
  tree: KdTree,
  rounds: ForeignRounds,
  onProgress?: OnProgress,
): Generator<number, SpanningTree> {
  const { numPoints, rows } = tree;
  const numEdges = Math.max(0, numPoints - 1);
  const from = new Int32Array(numEdges);
  const to = new Int32Array(numEdges);
  const weight = new Float64Array(numEdges);
  const sets = singletons(numPoints); // of positions
  const { component } = rounds;

  for (let numFound = 0; numFound < numEdges; ) {
    onProgress?.({ step: "spanning tree", done: numFound, total: numEdges });
    for (let p = 0; p < numPoints; p++) component[p] = find(sets, p);
    startRound(tree, rounds);
    const waiting = largest(component);
    yield waiting;

    const best = endRound(tree, rounds);
    for (let c = 0; c < numPoints; c++) {
      if (component[c] !== c || c === waiting) continue;
      const a = find(sets, best.from[c]);
      const b = find(sets, best.to[c]);
      if (a === b) continue; // both components chose this edge
      sets[Math.max(a, b)] = Math.min(a, b);
      from[numFound] = rows[best.from[c]];
      to[numFound] = rows[best.to[c]];
      weight[numFound++] = best.weight[c];
    }
  }
  return sortEdges(from, to, weight);
}

/** The component with the most points. */
function largest(component: Int32Array): number {
  const size = new Int32Array(component.length);
  for (const c of component) size[c]++;
  return size.reduce((best, points, c) => (points > size[best] ? c : best), 0);
}
