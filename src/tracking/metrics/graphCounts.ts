import type { LabelledGraph } from "../graphs/labelledGraph.ts";
import { type GoodOptions, goodNodes } from "./goodNodes.ts";

export interface GraphCountOptions extends GoodOptions {
  /** As published: see each field. */
  readonly compat?: boolean;
}

export interface GraphCounts {
  readonly numHits: number;
  readonly numNoise: number;
  readonly numGood: number;
  readonly numEdges: number;
  readonly numTracks: number; // distinct particles, noise among them
  readonly numTrueEdges: number;
  /** True edges from a good hit; as published, *false* edges from a good hit. */
  readonly numTrueEdgesGood: number;
}

export function graphCounts(
  { nodes, edges, isTrue }: LabelledGraph,
  options: GraphCountOptions = {},
): GraphCounts {
  const { compat = false } = options;
  const isGood = goodNodes(nodes, options);
  const particles = Array.from(nodes.particle);
  const counted = compat ? 0 : 1;
  return {
    numHits: particles.length,
    numNoise: particles.filter((p) => p <= 0).length,
    numGood: sum(isGood),
    numEdges: isTrue.length,
    numTracks: new Set(particles).size,
    numTrueEdges: sum(isTrue),
    numTrueEdgesGood: isTrue.filter((is, e) => is === counted && isGood[edges.source[e]]).length,
  };
}

/** Hits without any edge. */
export interface OrphanCounts {
  readonly numCorrect: number; // not good: better left alone
  readonly numIncorrect: number; // good: lost
  readonly numOrphans: number;
}

/** As published (`compat`), every count is 0 whatever the graph. */
export function orphanCounts(
  { nodes, edges: { source, target } }: LabelledGraph,
  options: GraphCountOptions = {},
): OrphanCounts {
  const isGood = goodNodes(nodes, options);
  const isOrphan = new Uint8Array(isGood.length).fill(options.compat ? 0 : 1);
  for (let e = 0; e < source.length; e++) isOrphan[source[e]] = isOrphan[target[e]] = 0;
  const numIncorrect = sum(isOrphan.map((is, n) => is * isGood[n]));
  const numOrphans = sum(isOrphan);
  return { numCorrect: numOrphans - numIncorrect, numIncorrect, numOrphans };
}

const sum = (flags: Uint8Array): number => flags.reduce((total, is) => total + is, 0);
