import type { Neighborhoods } from "./coreDistances.ts";
import { type BestEdges, type ForeignRounds, offer as offerEdge } from "./foreignRounds.ts";
import { type KdTree, maxLeaf } from "./kdTree.ts";
import { queryGroup } from "./queryGroup.ts";

/** Rounding moves a reduced distance by less than this, relative to the one its limit came from. */
const slack = 1 + 1e-12;

/**
 * Returns what looks for edges that leave the components of a leaf's points, all but component `waiting`,
 * and puts those that come before the best of their component there.
 */
export function foreignSearch(
  tree: KdTree,
  around: Neighborhoods,
  alpha: number,
  rounds: ForeignRounds,
  best: BestEdges,
): (leaf: number, waiting: number) => void {
  const { metric, dim, data, rows, start, end, right, minRow, bounds } = tree;
  const { core, near, numNear, reach } = around;
  const { component, componentOfNode, minCore, nearest, atLeast } = rounds;
  const stack = new Int32Array(64); // the depth of a tree, see kdTree.ts
  const stackReduced = new Float64Array(64);
  const group = queryGroup(tree, core);
  const query = { data, at: 0, dim };
  const fromCenter = new Float64Array(maxLeaf(tree));
  const fromPoints = new Float64Array(maxLeaf(tree));
  const toReduced = (limit: number) => metric.reduced(limit * alpha) * slack;

  const offer = (w: number, p: number, q: number) => offerEdge(tree, rounds, best, w, p, q);

  function lookFrom(leaf: number, waiting: number): void {
    for (let p = start[leaf]; p < end[leaf]; p++)
      if (component[p] !== waiting && isFirstOfComponent(p, leaf))
        lookFromComponent(component[p], p, end[leaf]);
  }

  function isFirstOfComponent(p: number, leaf: number): boolean {
    for (let before = start[leaf]; before < p; before++)
      if (component[before] === component[p]) return false;
    return true;
  }

  /** Asks points from … to of component c, those together that their neighbors cannot answer. */
  function lookFromComponent(c: number, from: number, to: number): void {
    group.clear();
    for (let p = from; p < to; p++) {
      if (component[p] !== c || nearest[p] >= 0 || atLeast[p] > best.weight[c]) continue;
      nearest[p] = askNear(p, c);
      atLeast[p] = best.weight[c];
      // what is not among the neighbors is out of reach, and too heavy
      if (best.weight[c] >= reach[p] / alpha) group.add(p);
    }
    if (group.size === 0) return;
    searchTree(c);
    for (let i = 0; i < group.size; i++) {
      const p = group.points[i];
      nearest[p] = best.from[c] === p ? best.to[c] : -1;
      atLeast[p] = best.weight[c];
    }
  }

  /** The first foreign one of p's neighbors, if it is also the first of p's component. */
  function askNear(p: number, c: number): number {
    query.at = p * dim;
    let found = -1;
    for (let i = p * numNear; i < (p + 1) * numNear; i++) {
      const q = near[i];
      const limit = best.weight[c];
      if (component[q] === c || core[q] > limit) continue;
      metric.toRun(query, data, q, q + 1, fromPoints);
      if (fromPoints[0] > toReduced(limit)) continue;
      if (offer(Math.max(core[p], core[q], metric.distance(fromPoints[0]) / alpha), p, q))
        found = q;
    }
    return found;
  }

  /** Walks the tree for better edges from the group than the best of its component c. */
  function searchTree(c: number): void {
    group.enclose();
    let limit = best.weight[c];
    let reachReduced = group.reachOf(limit * alpha);
    stack[0] = 0;
    stackReduced[0] = 0;
    for (let top = 1; top > 0; ) {
      const node = stack[--top];
      if (stackReduced[top] > reachReduced || minCore[node] > limit) continue;
      const nearby = group.atLeast(stackReduced[top]) / alpha;
      if (Math.max(group.minCore, minCore[node], nearby) >= limit && best.from[c] >= 0) {
        // no edge into this node is lighter than the best; do all come after it?
        const lowest = Math.min(rows[best.from[c]], rows[best.to[c]]);
        if (Math.min(group.minRow, minRow[node]) > lowest) continue;
      }

      if (right[node] !== 0) {
        const left = node + 1;
        const other = right[node];
        const leftReduced = reducedTo(left, c, limit, reachReduced);
        const otherReduced = reducedTo(other, c, limit, reachReduced);
        const isLeftNear = leftReduced <= otherReduced;
        // the nearer side goes on top
        top = push(isLeftNear ? other : left, isLeftNear ? otherReduced : leftReduced, top);
        top = push(isLeftNear ? left : other, isLeftNear ? leftReduced : otherReduced, top);
        continue;
      }
      const first = start[node];
      metric.toRun(group.center, data, first, end[node], fromCenter, reachReduced);
      for (let q = first; q < end[node]; q++) {
        const reduced = fromCenter[q - first];
        if (component[q] === c || core[q] > limit || reduced > reachReduced) continue;
        if (!askGroup(c, q, reduced)) continue;
        limit = best.weight[c];
        reachReduced = group.reachOf(limit * alpha);
      }
    }
  }

  /** Offers q to all of the group; true if that gave component c a better edge. */
  function askGroup(c: number, q: number, reducedFromCenter: number): boolean {
    const { points, size } = group;
    query.at = q * dim;
    if (size === 1) fromPoints[0] = reducedFromCenter;
    else metric.toRun(query, group.data, 0, size, fromPoints, toReduced(best.weight[c]));
    let isBetter = false;
    for (let i = 0; i < size; i++) {
      if (fromPoints[i] > toReduced(best.weight[c])) continue;
      const p = points[i];
      const w = Math.max(core[p], core[q], metric.distance(fromPoints[i]) / alpha);
      if (offer(w, p, q)) isBetter = true;
    }
    return isBetter;
  }

  /** Reduced distance to a node; nowhere (−1) if nothing in it can be of use to component c. */
  const reducedTo = (node: number, c: number, limit: number, reachReduced: number) =>
    componentOfNode[node] === c || minCore[node] > limit
      ? -1
      : metric.toBox(group.center, bounds, node, reachReduced);

  function push(node: number, reduced: number, top: number): number {
    if (reduced === -1) return top;
    stack[top] = node;
    stackReduced[top] = reduced;
    return top + 1;
  }

  return lookFrom;
}
