/**
 * The minimum spanning tree of N points under mutual reachability,
 *
 *   w(i, j) = max(core_i, core_j, d(i, j) / alpha)
 *
 * Equal weights are the rule, not the exception: all of i's neighbors closer than core_i have
 * w = core_i. Edges are therefore ordered by (w, lower row, higher row). Under this strict order the
 * tree is unique, so every algorithm here finds the same one.
 */
export interface SpanningTree {
  readonly lo: Int32Array; // [N − 1] lower row of each edge, edges in ascending order
  readonly hi: Int32Array;
  readonly weight: Float64Array;
}

/** True if edge (w, a, b) precedes edge (v, c, d); the ends of an edge may come in any order. */
export function precedes(
  w: number,
  a: number,
  b: number,
  v: number,
  c: number,
  d: number,
): boolean {
  if (w !== v) return w < v;
  const lowAb = Math.min(a, b);
  const lowCd = Math.min(c, d);
  return lowAb !== lowCd ? lowAb < lowCd : Math.max(a, b) < Math.max(c, d);
}

/** Puts edges a[e], b[e] into the order of the tree. */
export function sortEdges(a: Int32Array, b: Int32Array, weight: Float64Array): SpanningTree {
  const order = Uint32Array.from({ length: weight.length }, (_, e) => e);
  order.sort((e, f) => (precedes(weight[e], a[e], b[e], weight[f], a[f], b[f]) ? -1 : 1));
  return {
    lo: Int32Array.from(order, (e) => Math.min(a[e], b[e])),
    hi: Int32Array.from(order, (e) => Math.max(a[e], b[e])),
    weight: Float64Array.from(order, (e) => weight[e]),
  };
}
