import type { CondensedTree } from "./condense.ts";

/**
 * Merges splits that do not last (hdbscan's cluster_selection_persistence): bottom-up, two sides are
 * joined with their parent when the less persistent one spans less than `minPersistence`,
 *
 *   min over both sides of (densest lambda below it) − lambda of the split < minPersistence
 *
 * If the denser side has splits of its own, they become the parent's, and the points of the other
 * side fall out at the split. Clusters are renumbered without gaps. As in hdbscan, this step rounds
 * every lambda to f32.
 */
export function simplify(tree: CondensedTree, minPersistence: number): CondensedTree {
  if (minPersistence === 0) return tree;
  const { numPoints, numClusters, parent, child, lambda, childSize } = tree;
  const densest = new Float32Array(numClusters); // rows of a cluster come in ascending lambda
  for (let row = 0; row < parent.length; row++) densest[parent[row] - numPoints] = lambda[row];

  const isLeaf = new Uint8Array(numClusters).fill(1);
  const splits = rowsOfSplits(tree);
  for (const row of splits) isLeaf[parent[row] - numPoints] = 0;

  const mergedInto = Int32Array.from({ length: numClusters }, (_, c) => c);
  const fallsAt = new Map<number, number>(); // cluster → lambda at which its points leave
  for (let s = splits.length - 2; s >= 0; s -= 2) {
    const c = parent[splits[s]] - numPoints;
    const first = child[splits[s]] - numPoints;
    const second = child[splits[s + 1]] - numPoints;
    const split = Math.fround(lambda[splits[s + 1]]);
    densest[c] = Math.max(densest[c], densest[first], densest[second]);
    if (Math.min(densest[first], densest[second]) - split >= minPersistence) continue;

    const denser = densest[first] <= densest[second] ? second : first;
    if (isLeaf[denser]) isLeaf[c] = 1;
    else fallsAt.set(first + second - denser, split);
    mergedInto[first] = mergedInto[second] = c;
  }

  // parents come before their children, so one pass resolves chains of merges
  const newNumber = new Int32Array(numClusters);
  let numKept = 0;
  for (let c = 0; c < numClusters; c++) {
    if (mergedInto[c] === c) newNumber[c] = numKept++;
    else newNumber[c] = newNumber[mergedInto[c]];
  }
  const kept = Int32Array.from(parent.keys()).filter((row) => {
    const c = child[row] - numPoints;
    return c < 0 || mergedInto[c] === c;
  });
  const renumber = (id: number) => (id < numPoints ? id : numPoints + newNumber[id - numPoints]);
  return {
    numPoints,
    numClusters: numKept,
    parent: kept.map((row) => renumber(parent[row])),
    child: kept.map((row) => renumber(child[row])),
    lambda: Float64Array.from(kept, (row) =>
      Math.fround(fallsAt.get(parent[row] - numPoints) ?? lambda[row]),
    ),
    childSize: kept.map((row) => childSize[row]),
  };
}

/** Rows whose child is a cluster; the two sides of a split follow each other. */
function rowsOfSplits({ numPoints, child }: CondensedTree): Int32Array {
  return Int32Array.from(child.keys()).filter((row) => child[row] >= numPoints);
}
