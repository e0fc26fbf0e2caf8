import type { Clusters } from "./clusters.ts";
import type { CondensedTree } from "./condense.ts";
import type { Selection } from "./select.ts";

export interface Labels {
  readonly labels: Int32Array; // [N] 0, 1, … by ascending condensed cluster; −1 noise
  readonly probabilities: Float64Array; // [N] strength of membership, 0 for noise
  readonly persistence: Float64Array; // [number of labels]
  readonly labelOf: Int32Array; // [C] label of the selected cluster at or above each, or −1
  readonly clusterOf: Int32Array; // [number of labels] the selected cluster
  readonly rootLambda: number; // the root's members have at least this lambda
}

/**
 * A point belongs to the nearest selected cluster at or above the one it falls out of, with
 *
 *   probability = min(lambda, death) / death        death of the selected cluster
 *
 * If the root is the only cluster, its members are the points that stay to its end, or, with an
 * epsilon, those that fall out at a distance of at most epsilon.
 */
export function labelsOf(
  tree: CondensedTree,
  clusters: Clusters,
  { isSelected, stability }: Selection,
  epsilon: number,
): Labels {
  const { numPoints, numClusters, parent, child, lambda } = tree;
  const clusterOf = Int32Array.from(isSelected.keys()).filter((c) => isSelected[c] === 1);
  const labelOf = new Int32Array(numClusters).fill(-1);
  clusterOf.forEach((c, label) => {
    labelOf[c] = label;
  });
  for (let c = 1; c < numClusters; c++)
    if (labelOf[c] < 0) labelOf[c] = labelOf[clusters.parent[c]];

  // beside other clusters, the root has no members
  const rootLambda =
    clusterOf.length > 1 ? Number.NaN : epsilon > 0 ? 1 / epsilon : clusters.death[0];

  const labels = new Int32Array(numPoints).fill(-1);
  const probabilities = new Float64Array(numPoints);
  const numMembers = new Int32Array(clusterOf.length);
  for (let row = 0; row < parent.length; row++) {
    const point = child[row];
    if (point >= numPoints) continue;
    const label = labelOf[parent[row] - numPoints];
    if (label < 0 || (clusterOf[label] === 0 && !(lambda[row] >= rootLambda))) continue;
    labels[point] = label;
    probabilities[point] = membership(lambda[row], clusters.death[clusterOf[label]]);
    numMembers[label]++;
  }

  const densest = lambda.reduce((a, b) => Math.max(a, b), 0);
  const persistence = Float64Array.from(clusterOf, (c, label) =>
    densest === 0 || densest === Infinity || numMembers[label] === 0
      ? 1
      : stability[c] / (numMembers[label] * densest),
  );
  return { labels, probabilities, persistence, labelOf, clusterOf, rootLambda };
}

/** min(lambda, death) / death, and 1 for duplicates and where nothing is known. */
export function membership(lambda: number, death: number): number {
  return death === 0 || lambda === Infinity ? 1 : Math.min(lambda, death) / death;
}
