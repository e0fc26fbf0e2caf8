import type { Metric } from "./metrics.ts";
import { precedes, type SpanningTree, sortEdges } from "./spanningTree.ts";

/** Fills `out` [N] with the distances from one row to every row. */
export type DistancesFrom = (row: number, out: Float64Array) => void;

/** Distances between rows of data f64 [N, dim], computed when asked for. */
export function distancesBetween(data: Float64Array, dim: number, metric: Metric): DistancesFrom {
  const query = { data, at: 0, dim };
  return (row, out) => {
    query.at = row * dim;
    metric.toRun(query, data, 0, out.length, out);
    for (let other = 0; other < out.length; other++) out[other] = metric.distance(out[other]);
  };
}

/** Distances read from a symmetric matrix f64 [N, N]. */
export function distancesOfMatrix(matrix: ArrayLike<number>): DistancesFrom {
  return (row, out) => {
    const at = row * out.length;
    for (let other = 0; other < out.length; other++) out[other] = matrix[at + other];
  };
}

/**
 * Minimum spanning tree by growing one component from row 0, Prim 1957
 * (doi:10.1002/j.1538-7305.1957.tb01515.x): N² distances, N memory. For few points, for many
 * dimensions, and for distances that are not those of points.
 */
export function prim(distancesFrom: DistancesFrom, core: Float64Array, alpha = 1): SpanningTree {
  const numPoints = core.length;
  const numEdges = Math.max(0, numPoints - 1);
  const a = new Int32Array(numEdges);
  const b = new Int32Array(numEdges);
  const weight = new Float64Array(numEdges);

  const best = new Float64Array(numPoints).fill(Infinity); // lightest edge into the component …
  const inside = new Int32Array(numPoints).fill(0x7fffffff); // … and its end there
  const waiting = Int32Array.from({ length: numEdges }, (_, row) => row + 1);
  const distances = new Float64Array(numPoints);

  let added = 0;
  for (let edge = 0; edge < numEdges; edge++) {
    distancesFrom(added, distances);
    let next = 0; // slot in `waiting` of the row to add
    for (let slot = 0; slot < numEdges - edge; slot++) {
      const row = waiting[slot];
      const w = Math.max(core[added], core[row], distances[row] / alpha);
      // of two edges that end in the same row, the one from the lower row comes first
      if (w < best[row] || (w === best[row] && added < inside[row])) {
        best[row] = w;
        inside[row] = added;
      }
      const leader = waiting[next];
      if (precedes(best[row], inside[row], row, best[leader], inside[leader], leader)) next = slot;
    }
    added = waiting[next];
    a[edge] = inside[added];
    b[edge] = added;
    weight[edge] = best[added];
    waiting[next] = waiting[numEdges - edge - 1];
  }
  return sortEdges(a, b, weight);
}
