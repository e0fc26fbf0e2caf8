import { ShapeError } from "../errors.ts";
import type { Tensor } from "../tensor.ts";
import { type KnnOptions, knn, type Neighbors } from "./neighbors.ts";

export interface RadiusOptions extends Omit<KnnOptions, "maxDistance"> {
  /** Most neighbors of a query, the nearest of those that there are; at most 128, default 32. */
  k?: number;
}

/**
 * All points f32 [N, D] at most `radius` from each query, nearest first, ties to the lower row; the
 * nearest k of them where there are more, which a `count` of k may mean. A distance equal to the radius is
 * within. Looks at every pair, as `knn` does, and takes the same options: other queries, events by offsets.
 */
export function radiusSearch(
  points: Tensor,
  radius: number,
  { k = 32, ...options }: RadiusOptions = {},
): Neighbors {
  if (!(radius >= 0))
    throw new ShapeError(`radiusSearch(radius): expected a distance ≥ 0, got ${radius}`);
  return knn(points, k, { ...options, maxDistance: radius });
}
