import type { CondensedTree } from "./condense.ts";

/** What the rows of a condensed tree say about each cluster; clusters count from the root, 0. */
export interface Clusters {
  readonly parent: Int32Array; // [C] −1 for the root
  readonly size: Int32Array; // points; for the root, points in its child clusters (as in hdbscan)
  readonly hasChildren: Uint8Array;
  readonly birth: Float64Array; // lambda at which it splits off; 0 for the root
  readonly death: Float64Array; // largest lambda of its own rows
  readonly stability: Float64Array; // Σ (lambda − birth) · childSize over its own rows
}

export function clustersOf(tree: CondensedTree): Clusters {
  const { numPoints, numClusters, parent, child, lambda, childSize } = tree;
  const clusters = {
    parent: new Int32Array(numClusters).fill(-1),
    size: new Int32Array(numClusters),
    hasChildren: new Uint8Array(numClusters),
    birth: new Float64Array(numClusters),
    death: new Float64Array(numClusters),
    stability: new Float64Array(numClusters),
  };
  for (let row = 0; row < parent.length; row++) {
    const c = parent[row] - numPoints;
    if (lambda[row] > clusters.death[c]) clusters.death[c] = lambda[row];
    // duplicates: ∞ − ∞ is NaN, and comparisons with NaN are false, which keeps the cluster
    clusters.stability[c] += (lambda[row] - clusters.birth[c]) * childSize[row];
    if (child[row] < numPoints) continue;
    const below = child[row] - numPoints; // the rows of `below` come later
    clusters.parent[below] = c;
    clusters.birth[below] = lambda[row];
    clusters.size[below] = childSize[row];
    clusters.hasChildren[c] = 1;
    if (c === 0) clusters.size[0] += childSize[row];
  }
  return clusters;
}
