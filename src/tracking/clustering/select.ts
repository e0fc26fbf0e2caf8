import type { Clusters } from "./clusters.ts";
import type { CondensedTree } from "./condense.ts";
import type { HdbscanOptions } from "./hdbscanOptions.ts";

type SelectionOptions = Required<
  Pick<
    HdbscanOptions,
    | "clusterSelectionMethod"
    | "clusterSelectionEpsilon"
    | "clusterSelectionEpsilonMax"
    | "maxClusterSize"
    | "allowSingleCluster"
  >
>;

export interface Selection {
  readonly isSelected: Uint8Array; // [C]
  readonly stability: Float64Array; // [C], of the best choice at or below each cluster
}

/** Chooses which clusters of the condensed tree become labels. */
export function select(
  tree: CondensedTree,
  clusters: Clusters,
  options: SelectionOptions,
): Selection {
  const { clusterSelectionMethod: method, clusterSelectionEpsilon: epsilon } = options;
  const chosen = method === "leaf" ? leaves(clusters) : excessOfMass(tree, clusters, options);
  const onlyRoot = chosen.isSelected[0] === 1;
  if (epsilon === 0 || clusters.hasChildren[0] === 0 || onlyRoot) return chosen;
  return { ...chosen, isSelected: widen(chosen.isSelected, clusters, options) };
}

/**
 * Excess of mass, Campello et al. 2013: bottom-up, a cluster beats its descendants unless their
 * stabilities add up to more. As in hdbscan, that sum is rounded to f32.
 */
function excessOfMass(
  tree: CondensedTree,
  clusters: Clusters,
  options: SelectionOptions,
): Selection {
  const { parent, size, birth } = clusters;
  const numClusters = parent.length;
  const stability = clusters.stability.slice();
  const ofChildren = new Float64Array(numClusters);
  const wins = new Uint8Array(numClusters);
  const lowestLambda = tree.lambda.reduce((a, b) => Math.min(a, b), Infinity);

  for (let c = numClusters - 1; c >= 0; c--) {
    if (c === 0 && !options.allowSingleCluster) break;
    const bornAt = 1 / (c === 0 ? lowestLambda : birth[c]);
    const below = Math.fround(ofChildren[c]);
    if (
      below > stability[c] ||
      size[c] > options.maxClusterSize ||
      bornAt > options.clusterSelectionEpsilonMax
    )
      stability[c] = below;
    else wins[c] = 1;
    if (c > 0) ofChildren[parent[c]] += stability[c];
  }

  // a winner takes all that is below it
  const isTaken = new Uint8Array(numClusters);
  const isSelected = new Uint8Array(numClusters);
  for (let c = 0; c < numClusters; c++) {
    const isBelow = c > 0 && isTaken[parent[c]] === 1;
    if (wins[c] === 1 && !isBelow) isSelected[c] = 1;
    if (wins[c] === 1 || isBelow) isTaken[c] = 1;
  }
  return { isSelected, stability };
}

/** Clusters without child clusters; the root is never one. */
function leaves({ hasChildren, stability }: Clusters): Selection {
  return { isSelected: hasChildren.map((has, c) => (has === 0 && c > 0 ? 1 : 0)), stability };
}

/**
 * Malzer and Baum 2020 (arXiv:1911.02282): a cluster born at a distance below epsilon gives way to
 * its first ancestor born above it; below the root, to the last cluster before the root.
 */
function widen(
  isSelected: Uint8Array,
  { parent, birth }: Clusters,
  { clusterSelectionEpsilon: epsilon, allowSingleCluster }: SelectionOptions,
): Uint8Array {
  const wider = new Int32Array(parent.length); // parents come first, so theirs is known
  const widened = new Uint8Array(parent.length);
  for (let c = 1; c < parent.length; c++) {
    const up = parent[c];
    if (up === 0) wider[c] = allowSingleCluster ? 0 : c;
    else wider[c] = 1 / birth[up] > epsilon ? up : wider[up];
    if (isSelected[c] === 1) widened[1 / birth[c] < epsilon ? wider[c] : c] = 1;
  }
  return widened;
}
