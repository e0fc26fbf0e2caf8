import type { SpanningTree } from "./spanningTree.ts";
import { find, singletons } from "./unionFind.ts";

/**
 * The merges of single linkage, in order. Nodes 0 … N−1 are points; merge r makes node N + r out of
 * left[r] and right[r]; the last node is the root.
 */
export interface SingleLinkage {
  readonly left: Int32Array; // [N − 1] the node that holds the edge's lower row
  readonly right: Int32Array;
  readonly distance: Float64Array;
  readonly size: Int32Array; // points below the new node
}

/** Merges along the edges of a sorted spanning tree. */
export function singleLinkage({ lo, hi, weight }: SpanningTree): SingleLinkage {
  const numPoints = weight.length + 1;
  const left = new Int32Array(weight.length);
  const right = new Int32Array(weight.length);
  const size = new Int32Array(weight.length);
  const sets = singletons(2 * numPoints - 1); // of nodes; the newest represents its set
  const sizeOf = (node: number) => (node < numPoints ? 1 : size[node - numPoints]);

  for (let r = 0; r < weight.length; r++) {
    left[r] = find(sets, lo[r]);
    right[r] = find(sets, hi[r]);
    size[r] = sizeOf(left[r]) + sizeOf(right[r]);
    sets[left[r]] = sets[right[r]] = numPoints + r;
  }
  return { left, right, distance: weight, size };
}

/**
 * The flat clustering at one distance (DBSCAN without border points, Campello et al. 2013): merges
 * strictly below `cut` hold, components of fewer than `minClusterSize` points are noise (−1).
 * Labels count up in order of each cluster's lowest row: i32 [N].
 */
export function cutSingleLinkage(
  tree: SingleLinkage,
  cut: number,
  minClusterSize: number,
): Int32Array {
  return cutsOfSingleLinkage(tree, [cut], minClusterSize)[0];
}

/** `cutSingleLinkage` at many distances, in the order given; each merge is done once for all. */
export function cutsOfSingleLinkage(
  { left, right, distance }: SingleLinkage,
  cuts: readonly number[],
  minClusterSize: number,
): Int32Array[] {
  const numPoints = distance.length + 1;
  const sets = singletons(2 * numPoints - 1);
  const labels: Int32Array[] = Array(cuts.length);
  const rising = Array.from(cuts.keys()).sort((a, b) => cuts[a] - cuts[b]);
  let r = 0;
  for (const which of rising) {
    for (; r < distance.length && distance[r] < cuts[which]; r++)
      sets[left[r]] = sets[right[r]] = numPoints + r;
    labels[which] = largeSets(sets, numPoints, minClusterSize);
  }
  return labels;
}

function largeSets(sets: Int32Array, numPoints: number, minSize: number): Int32Array {
  const size = new Int32Array(sets.length);
  for (let row = 0; row < numPoints; row++) size[find(sets, row)]++;
  const labelOf = new Int32Array(sets.length).fill(-1);
  const labels = new Int32Array(numPoints);
  let numLabels = 0;
  for (let row = 0; row < numPoints; row++) {
    const set = find(sets, row);
    if (size[set] >= minSize && labelOf[set] < 0) labelOf[set] = numLabels++;
    labels[row] = labelOf[set];
  }
  return labels;
}
