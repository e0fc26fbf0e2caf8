import { ShapeError } from "../../engine/errors.ts";
import { checkEdges, type EdgeIndex } from "./edgeIndex.ts";

/** What is known of each hit [N]; pt (GeV), eta and reconstructable are those of its particle. */
export interface NodeTruth {
  readonly particle: ArrayLike<number>; // 0 or less: noise
  readonly pt: ArrayLike<number>;
  readonly eta: ArrayLike<number>; // NaN for noise
  readonly reconstructable: ArrayLike<number>; // 1 or 0
}

/** Hits, the edges drawn between them, and which of those are true. */
export interface LabelledGraph {
  readonly nodes: NodeTruth;
  readonly edges: EdgeIndex; // [E]
  readonly isTrue: Uint8Array; // [E]
}

export interface LabelOptions {
  /** As in the published scan of k: equal ids are enough, so edges between noise hits are true. */
  readonly compat?: boolean;
}

/** An edge is true if both of its ends are hits of one particle. */
export function labelledGraph(
  nodes: NodeTruth,
  edges: EdgeIndex,
  { compat = false }: LabelOptions = {},
): LabelledGraph {
  const { particle } = nodes;
  for (const name of ["pt", "eta", "reconstructable"] as const)
    if (nodes[name].length !== particle.length)
      throw new ShapeError(
        `labelledGraph(${name}): expected [${particle.length}], like particle, ` +
          `got [${nodes[name].length}]`,
      );
  checkEdges("labelledGraph", edges, particle.length);
  const isTrue = Uint8Array.from({ length: edges.source.length }, (_, e) => {
    const id = particle[edges.source[e]];
    return id === particle[edges.target[e]] && (id > 0 || compat) ? 1 : 0;
  });
  return { nodes, edges, isTrue };
}
