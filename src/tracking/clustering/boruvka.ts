import type { KdTree } from "./kdTree.ts";
import { maxLeaf } from "./nearest.ts";
import { precedes, type SpanningTree, sortEdges } from "./spanningTree.ts";
import { find, singletons } from "./unionFind.ts";

/**
 * Minimum spanning tree by Borůvka's rounds on a KD-tree (March, Ram and Gray 2010,
 * doi:10.1145/1835804.1835882; one tree walk per point as in Prokopenko et al. 2022,
 * doi:10.1145/3545008.3546185).
 *
 * Each round finds the first edge, in the order of spanningTree.ts, that leaves each component, and
 * joins along all of them; a strict order cannot close a cycle. A walk skips nodes inside the
 * component, nodes that are too far, and nodes whose points all have too large a core distance.
 *
 * What a walk learned holds in later rounds, because components only grow: the nearest foreign point
 * stays the nearest while it is foreign, and a lower bound stays a lower bound.
 */
export function boruvka(tree: KdTree, core: Float64Array, alpha = 1): SpanningTree {
  const { numPoints, rows } = tree;
  const numEdges = Math.max(0, numPoints - 1);
  const edges = { a: new Int32Array(numEdges), b: new Int32Array(numEdges) };
  const weight = new Float64Array(numEdges);
  const search = foreignSearch(tree, core, alpha);
  const { component, best, nearest, atLeast } = search;
  const sets = singletons(numPoints); // of positions

  for (let numFound = 0; numFound < numEdges; ) {
    for (let p = 0; p < numPoints; p++) component[p] = find(sets, p);
    search.startRound();
    for (let p = 0; p < numPoints; p++) {
      const q = nearest[p];
      if (q >= 0 && component[q] !== component[p]) search.offer(atLeast[p], p, q);
      else nearest[p] = -1;
    }
    for (let p = 0; p < numPoints; p++)
      if (nearest[p] < 0 && atLeast[p] <= best.weight[component[p]]) search.run(p);

    for (let c = 0; c < numPoints; c++) {
      if (component[c] !== c) continue;
      const a = find(sets, best.from[c]);
      const b = find(sets, best.to[c]);
      if (a === b) continue; // both components chose this edge
      sets[Math.max(a, b)] = Math.min(a, b);
      edges.a[numFound] = rows[best.from[c]];
      edges.b[numFound] = rows[best.to[c]];
      weight[numFound++] = best.weight[c];
    }
  }
  return sortEdges(edges.a, edges.b, weight);
}

/** Rounding may put a reduced distance this far (relatively) from where its limit was rounded to. */
const slack = 1 + 1e-12;

/** Searches for edges out of a component. Points are numbered by position, components by a point. */
function foreignSearch(tree: KdTree, coreOfRow: Float64Array, alpha: number) {
  const { metric, dim, data, rows, numPoints, numNodes, start, end, right, minRow, bounds } = tree;
  const core = Float64Array.from(rows, (row) => coreOfRow[row]);
  const component = new Int32Array(numPoints);
  const componentOfNode = new Int32Array(numNodes); // −1: its points are not in one component
  const minCore = new Float64Array(numNodes);
  bottomUp(tree, minCore, (p) => core[p], Math.min);

  // per component: the first edge known to leave it
  const best = {
    weight: new Float64Array(numPoints),
    from: new Int32Array(numPoints),
    to: new Int32Array(numPoints),
  };
  // per point: its first foreign neighbour (−1 unknown), and the weight of no foreign edge is less
  const nearest = new Int32Array(numPoints).fill(-1);
  const atLeast = core.slice();

  const query = { data, at: 0, dim };
  const stack = new Int32Array(64); // the depth of a balanced tree
  const stackReduced = new Float64Array(64);
  const run = new Float64Array(maxLeaf(tree));

  function startRound(): void {
    best.weight.fill(Infinity);
    best.from.fill(-1);
    bottomUp(
      tree,
      componentOfNode,
      (p) => component[p],
      (a, b) => (a === b ? a : -1),
    );
  }

  /** Edge p → q, of weight w, leaves p's component c; true if it is now c's first. */
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

  /** Looks from p for an edge that precedes the best of p's component. */
  function search(p: number): void {
    const c = component[p];
    const row = rows[p];
    query.at = p * dim;
    let limit = best.weight[c];
    let limitReduced = metric.reduced(limit * alpha) * slack;
    let found = -1;

    stack[0] = 0;
    stackReduced[0] = 0;
    for (let top = 1; top > 0; ) {
      const node = stack[--top];
      if (stackReduced[top] > limitReduced || minCore[node] > limit) continue;
      // all edges into this node are as heavy as the best, or heavier, and come after it
      if (
        Math.max(core[p], minCore[node]) === limit &&
        best.from[c] >= 0 &&
        Math.min(row, minRow[node]) > Math.min(rows[best.from[c]], rows[best.to[c]])
      )
        continue;

      if (right[node] !== 0) {
        const near = node + 1;
        const far = right[node];
        const nearIn = componentOfNode[near] === c ? Infinity : metric.toBox(query, bounds, near);
        const farIn = componentOfNode[far] === c ? Infinity : metric.toBox(query, bounds, far);
        const swap = farIn < nearIn;
        const first = swap ? far : near;
        const second = swap ? near : far;
        const firstReduced = swap ? farIn : nearIn;
        const secondReduced = swap ? nearIn : farIn;
        if (secondReduced <= limitReduced && componentOfNode[second] !== c) {
          stack[top] = second;
          stackReduced[top++] = secondReduced;
        }
        if (firstReduced <= limitReduced && componentOfNode[first] !== c) {
          stack[top] = first;
          stackReduced[top++] = firstReduced;
        }
        continue;
      }

      const from = start[node];
      metric.toRun(query, data, from, end[node], run);
      for (let q = from; q < end[node]; q++) {
        const reduced = run[q - from];
        if (reduced > limitReduced || core[q] > limit || component[q] === c) continue;
        const w = Math.max(core[p], core[q], metric.distance(reduced) / alpha);
        if (offer(w, p, q)) {
          found = q;
          limit = w;
          limitReduced = metric.reduced(limit * alpha) * slack;
        }
      }
    }
    nearest[p] = found;
    atLeast[p] = limit;
  }

  return { component, best, nearest, atLeast, startRound, offer, run: search };
}

/** Fills a value per node from its points: leaves first, which come last in preorder. */
function bottomUp(
  { numNodes, start, end, right }: KdTree,
  perNode: Int32Array | Float64Array,
  ofPoint: (position: number) => number,
  combine: (a: number, b: number) => number,
): void {
  for (let node = numNodes - 1; node >= 0; node--) {
    if (right[node] !== 0) {
      perNode[node] = combine(perNode[node + 1], perNode[right[node]]);
      continue;
    }
    let value = ofPoint(start[node]);
    for (let p = start[node] + 1; p < end[node]; p++) value = combine(value, ofPoint(p));
    perNode[node] = value;
  }
}
