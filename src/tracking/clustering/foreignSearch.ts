import type { Neighborhoods } from "./coreDistances.ts";
import type { KdTree } from "./kdTree.ts";
import { precedes } from "./spanningTree.ts";

/**
 * Finds edges that leave a component, for boruvka.ts. Points are numbered by position in the tree,
 * components by one of their points.
 */
export interface ForeignSearch {
  readonly component: Int32Array; // [N] of every point; the caller's to fill before a round
  /** The first edge known to leave each component, in the order of spanningTree.ts. */
  readonly best: {
    readonly weight: Float64Array; // [N] by component
    readonly from: Int32Array; // a point inside, −1 for none yet
    readonly to: Int32Array; // a point outside
  };
  startRound(): void;
  /** Improves the best edge of p's component, if p has a better one. */
  lookFrom(p: number): void;
}

/** Rounding moves a reduced distance by less than this, relative to the one its limit came from. */
const slack = 1 + 1e-12;

export function foreignSearch(tree: KdTree, around: Neighborhoods, alpha: number): ForeignSearch {
  const { metric, dim, data, rows, numPoints, numNodes, start, end, right, minRow, bounds } = tree;
  const { core, near, numNear, reach } = around;
  const component = new Int32Array(numPoints);
  const componentOfNode = new Int32Array(numNodes); // −1: its points are not in one component
  const minCore = new Float64Array(numNodes);
  bottomUp(tree, minCore, core, Math.min);

  const best = {
    weight: new Float64Array(numPoints),
    from: new Int32Array(numPoints),
    to: new Int32Array(numPoints),
  };
  // what earlier rounds know of each point: its first foreign neighbor, −1 if unknown, and a weight
  // below which it has no foreign edge
  const nearest = new Int32Array(numPoints).fill(-1);
  const atLeast = core.slice();

  const query = { data, at: 0, dim };
  const stack = new Int32Array(64); // the depth of a balanced tree
  const stackReduced = new Float64Array(64);
  const pair = new Float64Array(1);
  const toReduced = (limit: number) => metric.reduced(limit * alpha) * slack;

  function startRound(): void {
    best.weight.fill(Infinity);
    best.from.fill(-1);
    bottomUp(tree, componentOfNode, component, (a, b) => (a === b ? a : -1));
    for (let p = 0; p < numPoints; p++) {
      const q = nearest[p];
      if (q >= 0 && component[q] !== component[p]) offer(atLeast[p], p, q);
      else nearest[p] = -1;
    }
  }

  /** Edge p → q, of weight w, leaves component c; true if it is now c's first. */
  function offerTo(c: number, w: number, p: number, q: number): boolean {
    if (w > best.weight[c]) return false;
    const isFirst =
      best.from[c] < 0 ||
      precedes(w, rows[p], rows[q], best.weight[c], rows[best.from[c]], rows[best.to[c]]);
    if (isFirst) {
      best.weight[c] = w;
      best.from[c] = p;
      best.to[c] = q;
    }
    return isFirst;
  }
  function offer(w: number, p: number, q: number): boolean {
    offerTo(component[q], w, q, p);
    return offerTo(component[p], w, p, q);
  }

  /** Offers p → q if q is foreign and near enough; true if it is now the first of p's component. */
  function consider(p: number, q: number, limit: number, limitReduced: number): boolean {
    if (component[q] === component[p] || core[q] > limit) return false;
    metric.toRun(query, data, q, q + 1, pair);
    if (pair[0] > limitReduced) return false;
    return offer(Math.max(core[p], core[q], metric.distance(pair[0]) / alpha), p, q);
  }

  function lookFrom(p: number): void {
    const c = component[p];
    if (nearest[p] >= 0 || atLeast[p] > best.weight[c]) return;
    query.at = p * dim;
    let found = -1;
    for (let i = p * numNear; i < (p + 1) * numNear; i++) {
      const limit = best.weight[c];
      if (consider(p, near[i], limit, toReduced(limit))) found = near[i];
    }
    // what is not among the neighbors is out of reach, and too heavy
    if (best.weight[c] >= reach[p] / alpha) found = searchTree(p, c, found);
    nearest[p] = found;
    atLeast[p] = best.weight[c];
  }

  /** Walks the tree for a better edge than the best of p's component c. */
  function searchTree(p: number, c: number, found: number): number {
    const row = rows[p];
    let limit = best.weight[c];
    let limitReduced = toReduced(limit);
    stack[0] = 0;
    stackReduced[0] = 0;
    for (let top = 1; top > 0; ) {
      const node = stack[--top];
      if (stackReduced[top] > limitReduced || minCore[node] > limit) continue;
      const lightest = Math.max(core[p], minCore[node], metric.distance(stackReduced[top]) / alpha);
      if (lightest >= limit && best.from[c] >= 0) {
        // no edge into this node is lighter than the best; do all come after it?
        const lowest = Math.min(rows[best.from[c]], rows[best.to[c]]);
        if (Math.min(row, minRow[node]) > lowest) continue;
      }

      if (right[node] !== 0) {
        const left = node + 1;
        const other = right[node];
        const leftReduced = reducedTo(left, c, limit);
        const otherReduced = reducedTo(other, c, limit);
        const isLeftNear = leftReduced <= otherReduced;
        // the nearer side goes on top
        top = push(isLeftNear ? other : left, isLeftNear ? otherReduced : leftReduced, top);
        top = push(isLeftNear ? left : other, isLeftNear ? leftReduced : otherReduced, top);
        continue;
      }
      for (let q = start[node]; q < end[node]; q++) {
        if (!consider(p, q, limit, limitReduced)) continue;
        found = q;
        limit = best.weight[c];
        limitReduced = toReduced(limit);
      }
    }
    return found;
  }

  /** Reduced distance to a node; nowhere (−1) if nothing in it can be of use to component c. */
  const reducedTo = (node: number, c: number, limit: number) =>
    componentOfNode[node] === c || minCore[node] > limit ? -1 : metric.toBox(query, bounds, node);

  function push(node: number, reduced: number, top: number): number {
    if (reduced === -1) return top;
    stack[top] = node;
    stackReduced[top] = reduced;
    return top + 1;
  }

  return { component, best, startRound, lookFrom };
}

/** Combines the values of each node's points, f64 or i32 [N], into one per node. */
function bottomUp<T extends Int32Array | Float64Array>(
  { numNodes, start, end, right }: KdTree,
  perNode: T,
  perPoint: T,
  combine: (a: number, b: number) => number,
): void {
  // in preorder, children come after their parent
  for (let node = numNodes - 1; node >= 0; node--) {
    if (right[node] !== 0) {
      perNode[node] = combine(perNode[node + 1], perNode[right[node]]);
      continue;
    }
    let value = perPoint[start[node]];
    for (let p = start[node] + 1; p < end[node]; p++) value = combine(value, perPoint[p]);
    perNode[node] = value;
  }
}
