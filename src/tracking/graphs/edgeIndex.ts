import { ShapeError } from "../../engine/errors.ts";

/** Directed pairs of node rows, [E] each: edge e goes from source[e] to target[e]. */
export interface EdgeIndex {
  readonly source: ArrayLike<number>;
  readonly target: ArrayLike<number>;
}

/** Throws unless both ends of every edge are rows below numNodes. */
export function checkEdges(where: string, { source, target }: EdgeIndex, numNodes: number): void {
  if (source.length !== target.length)
    throw new ShapeError(
      `${where}(edges): expected as many targets as sources, got ${source.length} sources, ` +
        `${target.length} targets`,
    );
  const isNode = (x: number) => Number.isInteger(x) && x >= 0 && x < numNodes;
  for (let e = 0; e < source.length; e++)
    if (!isNode(source[e]) || !isNode(target[e]))
      throw new ShapeError(
        `${where}(edges): expected node rows below ${numNodes}, ` +
          `got ${source[e]} → ${target[e]} at edge ${e}`,
      );
}

/** The edges for which `isKept` holds, in order. */
export function filterEdges(
  { source, target }: EdgeIndex,
  isKept: (source: number, target: number, edge: number) => boolean,
): EdgeIndex {
  const kept: number[] = [];
  for (let e = 0; e < source.length; e++) if (isKept(source[e], target[e], e)) kept.push(e);
  return {
    source: Uint32Array.from(kept, (e) => source[e]),
    target: Uint32Array.from(kept, (e) => target[e]),
  };
}

/**
 * The edges with weight > threshold. Weights are model outputs, f32 numbers, so the threshold is
 * rounded like them: an output of 0.3 is not above 0.3.
 */
export function cutEdges(
  edges: EdgeIndex,
  weight: ArrayLike<number>,
  threshold: number,
): EdgeIndex {
  if (weight.length !== edges.source.length)
    throw new ShapeError(
      `cutEdges(weight): expected f32 [${edges.source.length}], got [${weight.length}]`,
    );
  const limit = Math.fround(threshold);
  return filterEdges(edges, (_source, _target, e) => Math.fround(weight[e]) > limit);
}
