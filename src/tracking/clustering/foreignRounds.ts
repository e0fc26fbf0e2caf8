import type { KdTree } from "./kdTree.ts";
import type { Memory } from "./memory.ts";
import { precedes } from "./spanningTree.ts";

/** The first edge known to leave each component, in the order of spanningTree.ts; [N] by component. */
export interface BestEdges {
  readonly weight: Float64Array;
  readonly from: Int32Array; // a point inside, −1 for none yet
  readonly to: Int32Array; // a point outside
}

/**
 * What Borůvka's rounds know. Points are numbered by position in the tree, components by one of their
 * points. Threads write to `nearest` and `atLeast` of the points that they ask, and to edges of their own.
 */
export interface ForeignRounds {
  readonly component: Int32Array; // [N] of every point; the caller's to fill before a round
  readonly componentOfNode: Int32Array; // [numNodes] −1: its points are not in one component
  readonly minCore: Float64Array; // [numNodes]
  /** [N] The first foreign neighbor of each point, −1 if unknown … */
  readonly nearest: Int32Array;
  /** … and a weight below which it has no foreign edge: that of the edge to `nearest`, if known. */
  readonly atLeast: Float64Array;
  readonly best: readonly BestEdges[]; // per thread
}

export function foreignRounds(
  tree: KdTree,
  core: Float64Array,
  memory: Memory,
  numThreads: number,
): ForeignRounds {
  const { numPoints, numNodes } = tree;
  const rounds = {
    component: memory.i32(numPoints),
    componentOfNode: memory.i32(numNodes),
    minCore: memory.f64(numNodes),
    nearest: memory.i32(numPoints).fill(-1),
    atLeast: memory.f64(numPoints),
    best: Array.from({ length: numThreads }, () => ({
      weight: memory.f64(numPoints),
      from: memory.i32(numPoints),
      to: memory.i32(numPoints),
    })),
  };
  rounds.atLeast.set(core);
  bottomUp(tree, rounds.minCore, core, Math.min);
  return rounds;
}

/** Forgets the edges of the last round, and offers what points know of their neighbors. */
export function startRound(tree: KdTree, rounds: ForeignRounds): void {
  const { component, componentOfNode, nearest, atLeast } = rounds;
  const [best, ...others] = rounds.best;
  best.weight.fill(Infinity);
  best.from.fill(-1);
  bottomUp(tree, componentOfNode, component, (a, b) => (a === b ? a : -1));
  for (let p = 0; p < nearest.length; p++) {
    const q = nearest[p];
    if (q >= 0 && component[q] !== component[p]) offer(tree, rounds, best, atLeast[p], p, q);
    else nearest[p] = -1;
  }
  for (const other of others) {
    other.weight.set(best.weight);
    other.from.set(best.from);
    other.to.set(best.to);
  }
}

/** The edges that all threads found. */
export function endRound(tree: KdTree, { best: [best, ...others] }: ForeignRounds): BestEdges {
  for (const { weight, from, to } of others)
    for (let c = 0; c < weight.length; c++)
      if (from[c] >= 0) offerTo(tree, best, c, weight[c], from[c], to[c]);
  return best;
}

/** Edge p → q, of weight w, leaves both its components; true if it is now the first of p's. */
export function offer(
  tree: KdTree,
  { component }: ForeignRounds,
  best: BestEdges,
  w: number,
  p: number,
  q: number,
): boolean {
  offerTo(tree, best, component[q], w, q, p);
  return offerTo(tree, best, component[p], w, p, q);
}

function offerTo(
  { rows }: KdTree,
  best: BestEdges,
  c: number,
  w: number,
  p: number,
  q: number,
): boolean {
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
