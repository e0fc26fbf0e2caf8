import type { Clusters } from "./clusters.ts";
import type { CondensedTree } from "./condense.ts";

/**
 * GLOSH outlier scores, Campello et al. 2015 (doi:10.1145/2733381): f64 [N], near 1 = outlying,
 *
 *   score = (λ_end − λ) / λ_end      λ at which the point leaves, λ_end at which all of its
 *                                    cluster, sub-clusters included, is gone
 *
 * Independent of the selection. Beside duplicates (λ_end infinite) the others' score is NaN.
 */
export function outlierScores(tree: CondensedTree, clusters: Clusters): Float64Array {
  const { numPoints, numClusters, parent, child, lambda } = tree;
  const end = clusters.death.slice();
  for (let c = numClusters - 1; c > 0; c--)
    end[clusters.parent[c]] = Math.max(end[clusters.parent[c]], end[c]);

  const scores = new Float64Array(numPoints);
  for (let row = 0; row < parent.length; row++) {
    const cluster = parent[row] - numPoints;
    if (child[row] >= numPoints || end[cluster] === 0 || lambda[row] === Infinity) continue;
    scores[child[row]] = (end[cluster] - lambda[row]) / end[cluster];
  }
  return scores;
}
