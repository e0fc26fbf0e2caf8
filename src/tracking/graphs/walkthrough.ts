/**
 * Tracks from an edge-scored graph by connected components and walkthrough, as acorn builds them
 * (Caillou et al. 2024, arXiv:2312.03823 and the code's "CC and walk").
 *
 * Components without forks are tracks. What remains is walked from the inside out: of all roads that
 * start at a node, the longest becomes a track, and its hits are used up.
 */
import { ShapeError } from "../../engine/errors.ts";
import { numberSets, singletons, unite } from "../clustering/unionFind.ts";
import { checkEdges, type EdgeIndex } from "./edgeIndex.ts";

export interface WalkthroughOptions {
  /** Edges count with score > componentCut. Default 0.01. */
  readonly componentCut?: number;
  /** A road ends where the best score is not above this … Default 0.1. */
  readonly minScore?: number;
  /** … and forks into every edge with a score above this. Default 0.6. */
  readonly forkScore?: number;
}

export interface Walkthrough {
  readonly labels: Int32Array; // [N] components first; −1 in no track
  readonly components: readonly (readonly number[])[]; // nodes of each track, ascending
  readonly walks: readonly (readonly number[])[]; // from the inside out
}

/**
 * The edges turned outwards: the end nearer to the origin, by r² + z², is the source. Of two equally
 * far the given order stays.
 */
export function outwardEdges(
  { source, target }: EdgeIndex,
  r: ArrayLike<number>,
  z: ArrayLike<number>,
): { source: Uint32Array; target: Uint32Array } {
  const square = (node: number) => r[node] ** 2 + z[node] ** 2;
  const isInward = Uint8Array.from(source, (s, e) => Number(square(s) > square(target[e])));
  return {
    source: Uint32Array.from(source, (s, e) => (isInward[e] ? target[e] : s)),
    target: Uint32Array.from(target, (t, e) => (isInward[e] ? source[e] : t)),
  };
}

/**
 * Edges must lead outwards (`outwardEdges`) and close no circle; of edges given twice the last score
 * holds. Scores [E] are compared in f32, like the outputs of a model.
 */
export function walkthrough(
  edges: EdgeIndex,
  score: ArrayLike<number>,
  numNodes: number,
  options: WalkthroughOptions = {},
): Walkthrough {
  const { componentCut = 0.01, minScore = 0.1, forkScore = 0.6 } = options;
  checkEdges("walkthrough", edges, numNodes);
  if (score.length !== edges.source.length)
    throw new ShapeError(
      `walkthrough(score): expected [${edges.source.length}], got [${score.length}]`,
    );
  const successors = strongSuccessors(edges, score, numNodes, Math.fround(componentCut));
  const numBefore = new Uint32Array(numNodes);
  for (const after of successors) for (const next of after.keys()) numBefore[next]++;
  const order = topologicalOrder(successors, numBefore);

  const components = simpleComponents(successors, numBefore, order);
  const isUsed = new Uint8Array(numNodes);
  for (const node of components.flat()) isUsed[node] = 1;
  const follow = (node: number) => roadsOn(successors[node], isUsed, minScore, forkScore);
  const walks = walkAll(order, isUsed, follow);

  const tracks = components.filter((nodes) => nodes.length > 2);
  const labels = new Int32Array(numNodes).fill(-1);
  for (const [label, nodes] of [...tracks, ...walks].entries())
    for (const node of nodes) labels[node] = label;
  return { labels, components: tracks, walks };
}

/** Score of each edge by where it leads. */
type Successors = ReadonlyMap<number, number>;

function strongSuccessors(
  { source, target }: EdgeIndex,
  score: ArrayLike<number>,
  numNodes: number,
  cut: number,
): Successors[] {
  const successors = Array.from({ length: numNodes }, () => new Map<number, number>());
  for (let e = 0; e < source.length; e++)
    successors[source[e]].set(target[e], Math.fround(score[e]));
  for (const after of successors)
    for (const [next, strength] of after) if (!(strength > cut)) after.delete(next);
  return successors;
}

/** Nodes with edges, generation by generation: first those that nothing leads to, then those set free. */
function topologicalOrder(successors: readonly Successors[], numBefore: Uint32Array): number[] {
  const waiting = numBefore.slice();
  const order: number[] = [];
  for (const [node, after] of successors.entries())
    if (numBefore[node] === 0 && after.size > 0) order.push(node);
  for (const node of order) // grows meanwhile
    for (const next of successors[node].keys()) if (--waiting[next] === 0) order.push(next);
  const isCircular = waiting.findIndex((left) => left > 0);
  if (isCircular >= 0)
    throw new ShapeError(
      `walkthrough(edges): expected edges that lead outwards, got a circle that reaches node ` +
        `${isCircular} (use outwardEdges)`,
    );
  return order;
}

/** Components whose nodes all have at most one edge in and one out, by their first node in the order. */
function simpleComponents(
  successors: readonly Successors[],
  numBefore: Uint32Array,
  order: readonly number[],
): number[][] {
  const sets = singletons(successors.length);
  for (const [node, after] of successors.entries())
    for (const next of after.keys()) unite(sets, node, next);
  const component = numberSets(sets);
  const members = new Map<number, number[]>(order.map((node) => [component[node], []]));
  for (const node of order) members.get(component[node])?.push(node);
  const isSimple = (node: number) => numBefore[node] <= 1 && successors[node].size <= 1;
  return Array.from(members.values())
    .filter((nodes) => nodes.every(isSimple))
    .map((nodes) => nodes.sort((a, b) => a - b));
}

/** Where roads go on from a node: to the best of its unused successors first, then to strong others. */
function roadsOn(
  after: Successors,
  isUsed: Uint8Array,
  minScore: number,
  forkScore: number,
): number[] {
  const free = Array.from(after).filter(([next]) => !isUsed[next]);
  const bestScore = free.reduce((most, [, score]) => Math.max(most, score), -Infinity);
  if (!(bestScore > Math.fround(minScore))) return [];
  const best = free.findIndex(([, score]) => score === bestScore);
  const others = free.filter(([, score], i) => i !== best && score > Math.fround(forkScore));
  return [free[best][0], ...others.map(([next]) => next)];
}

/**
 * The longest road from each unused node in turn, the last one among equals. Listing all roads takes
 * exponential time; but the longest from a node goes on with the longest from one of its successors,
 * so each node is looked at once per walk.
 */
function walkAll(
  order: readonly number[],
  isUsed: Uint8Array,
  follow: (node: number) => number[],
): number[][] {
  const walks: number[][] = [];
  for (const start of order) {
    if (isUsed[start]) continue;
    const next = new Map<number, { step: number | undefined; length: number }>();
    const stack = [start];
    while (stack.length > 0) {
      const node = stack[stack.length - 1];
      const forks = next.has(node) ? [] : follow(node);
      const unknown = forks.filter((fork) => !next.has(fork));
      if (unknown.length > 0) {
        stack.push(...unknown);
        continue;
      }
      stack.pop();
      if (next.has(node)) continue;
      let [step, length] = [undefined as number | undefined, 0];
      for (const fork of forks) {
        const onwards = next.get(fork)?.length ?? 0;
        if (onwards >= length) [step, length] = [fork, onwards];
      }
      next.set(node, { step, length: length + 1 });
    }
    const walk: number[] = [];
    for (let node: number | undefined = start; node !== undefined; node = next.get(node)?.step) {
      walk.push(node);
      isUsed[node] = 1;
    }
    walks.push(walk);
  }
  return walks;
}
