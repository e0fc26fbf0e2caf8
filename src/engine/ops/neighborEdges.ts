import { type Segments, segmentsOfRuns } from "../segments.ts";
import type { Tensor } from "../tensor.ts";
import type { Neighbors } from "./neighbors.ts";

/** Edges from neighbors to queries, k per query: edge q · k + j comes from neighbor j of query q. */
export interface NeighborEdges {
  /** u32 [Q · k]: rows of the points; `none` for an edge that does not exist. */
  readonly source: Tensor;
  /** u32 [Q · k]: queries; `none` for an edge that does not exist. */
  readonly target: Tensor;
  /** The edges by query: they lie in that order, so nothing is sorted. */
  readonly segments: Segments;
}

/**
 * A graph from neighbors, on the device: information flows from the nearest points into each query.
 *
 * How many edges exist is not known when the graph is recorded, so there are always Q · k. One whose
 * ends are `none` gathers zeros and is part of no segment: it reaches nobody, forward or backward.
 */
export function edgesOfNeighbors({ index, count, isFull }: Neighbors): NeighborEdges {
  const [numQueries, k] = index.shape;
  const segments = segmentsOfRuns(numQueries, k, isFull ? undefined : count);
  return { source: index.reshape([numQueries * k]), target: segments.target, segments };
}
