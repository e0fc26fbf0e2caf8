import { cutEdges } from "../graphs/edgeIndex.ts";
import type { LabelledGraph } from "../graphs/labelledGraph.ts";
import { type BinaryRates, binaryRates } from "./confusion.ts";
import { type GoodOptions, goodNodes } from "./goodNodes.ts";
import { type OrphanCounts, orphanCounts } from "./graphCounts.ts";
import {
  type ConnectivitySummary,
  summarizeConnectivity,
  trackConnectivity,
} from "./trackConnectivity.ts";

export interface EdgeClassificationOptions extends GoodOptions {
  /** Default 0.5. */
  readonly threshold?: number;
  /** As published: no orphans, and maxEta applies to `good` only; elsewhere it is 4. */
  readonly compat?: boolean;
}

export interface EdgeClassification {
  readonly all: BinaryRates; // of all edges; a yes is score ≥ threshold
  readonly good: BinaryRates; // of edges with both ends good (suffix _thld in gnn-tracking)
  readonly orphans: OrphanCounts; // when only edges with score > threshold are left
  readonly tracks: ConnectivitySummary; // likewise
}

/** What a classifier of edges does to a graph, at one threshold: scores f32 [E]. */
export function edgeClassification(
  graph: LabelledGraph,
  scores: ArrayLike<number>,
  options: EdgeClassificationOptions = {},
): EdgeClassification {
  const { threshold = 0.5, compat = false } = options;
  const { nodes, edges, isTrue } = graph;
  const isGood = goodNodes(nodes, options);
  const both = Uint32Array.from(isTrue.keys()).filter(
    (e) => isGood[edges.source[e]] === 1 && isGood[edges.target[e]] === 1,
  );
  const cuts: GoodOptions = compat ? { ...options, maxEta: 4 } : options;
  const left = { ...graph, edges: cutEdges(edges, scores, threshold) };
  return {
    all: binaryRates(scores, isTrue, threshold),
    good: binaryRates(
      Array.from(both, (e) => scores[e]),
      Array.from(both, (e) => isTrue[e]),
      threshold,
    ),
    orphans: orphanCounts(left, { ...cuts, compat }),
    tracks: summarizeConnectivity(trackConnectivity(graph, { ...cuts, weight: scores, threshold })),
  };
}
