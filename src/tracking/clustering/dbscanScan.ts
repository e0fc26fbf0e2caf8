/**
 * DBSCAN at many radii for little more than the price of one.
 *
 * A point is core at eps if its core distance (to the (minSamples − 1)-th other point) is at most eps,
 * and two core points are connected at eps by the edges of the minimum spanning tree under mutual
 * reachability that are no longer than eps (Campello et al. 2013,
 * doi:10.1007/978-3-642-37456-2_14). So one tree serves every radius; only border points look around again.
 */
import { ShapeError } from "../../engine/errors.ts";
import { checkOptions, type DbscanFit, type DbscanOptions } from "./dbscan.ts";
import type { Points } from "./points.ts";
import { radiusSearch } from "./radius.ts";
import { type Reachability, reachability } from "./reachability.ts";
import { find, singletons, unite } from "./unionFind.ts";

export type DbscanScanOptions = Omit<DbscanOptions, "eps">;

/**
 * What `dbscanFit` would find at each radius, in the order given; eps need not be sorted. All radii
 * together hold labels of every point at each: read them one by one where that is too much.
 */
export function dbscanScan(
  points: Points,
  eps: readonly number[],
  options: DbscanScanOptions = {},
): DbscanFit[] {
  const at = dbscanAt(points, options);
  return eps.map(at);
}

/** A function from eps to the clustering at eps; the tree is grown once, here. */
export function dbscanAt(
  points: Points,
  options: DbscanScanOptions = {},
): (eps: number) => DbscanFit {
  const { minSamples = 5, metric = "euclidean", p = 2 } = options;
  checkOptions(0, minSamples);
  const settings = { metric, p, alpha: 1, canonicalOrder: false };
  const near = reachability("dbscanScan", points, () => minSamples - 1, settings);
  return (eps) => {
    if (!(eps >= 0)) throw new ShapeError(`dbscanScan(eps): expected a distance ≥ 0, got ${eps}`);
    return fitAt(near, points.numPoints, eps);
  };
}

function fitAt({ rows, data, tree, core, edges }: Reachability, numPoints: number, eps: number) {
  const { lo, hi, weight } = edges; // ascending
  const sets = singletons(rows.length);
  for (let e = 0; e < weight.length && weight[e] <= eps; e++) unite(sets, lo[e], hi[e]);

  const labels = new Int32Array(numPoints).fill(-1);
  const isCore = new Uint8Array(numPoints);
  let numClusters = 0;
  // a set holds core points only, as no edge is shorter than its ends' core distances
  for (let k = 0; k < rows.length; k++) {
    if (!(core[k] <= eps)) continue;
    const lowest = find(sets, k);
    isCore[rows[k]] = 1;
    labels[rows[k]] = lowest === k ? numClusters++ : labels[rows[lowest]];
  }
  const search = radiusSearch(tree, eps);
  for (let k = 0; k < rows.length; k++) {
    if (core[k] <= eps) continue;
    let lowest = Infinity;
    search({ data, at: k * tree.dim, dim: tree.dim }, (other) => {
      if (core[other] <= eps) lowest = Math.min(lowest, labels[rows[other]]);
      return true;
    });
    if (lowest !== Infinity) labels[rows[k]] = lowest;
  }
  return { labels, isCore, numClusters };
}
