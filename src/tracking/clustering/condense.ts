import type { SingleLinkage } from "./singleLinkage.ts";

/**
 * The condensed tree: what remains of the dendrogram when a split counts only if both sides have
 * minClusterSize points. A row says that `child` (a point, or a cluster ≥ N) leaves cluster `parent`
 * at density lambda = 1 / distance. The root is cluster N; children have higher numbers.
 */
export interface CondensedTree {
  readonly numPoints: number;
  readonly numClusters: number; // root included
  readonly parent: Int32Array; // [rows]
  readonly child: Int32Array;
  readonly lambda: Float64Array;
  readonly childSize: Int32Array;
}

/** Condenses a dendrogram, breadth first, in time linear in its size. */
export function condense(tree: SingleLinkage, minClusterSize: number): CondensedTree {
  const numPoints = tree.left.length + 1;
  const maxRows = numPoints + 2 * Math.ceil(numPoints / minClusterSize);
  const parent = new Int32Array(maxRows);
  const child = new Int32Array(maxRows);
  const lambda = new Float64Array(maxRows);
  const childSize = new Int32Array(maxRows);
  let numRows = 0;
  const emit = (cluster: number, leaving: number, at: number, size: number) => {
    parent[numRows] = cluster;
    child[numRows] = leaving;
    lambda[numRows] = at;
    childSize[numRows++] = size;
  };

  const sizeOf = (node: number) => (node < numPoints ? 1 : tree.size[node - numPoints]);
  const below = new Int32Array(numPoints);
  /** All points under `node` fall out of the cluster. */
  const dissolve = (node: number, cluster: number, at: number) => {
    below[0] = node;
    for (let head = 0, tail = 1; head < tail; head++) {
      const next = below[head % numPoints]; // a ring: at most numPoints nodes wait at once
      if (next < numPoints) emit(cluster, next, at, 1);
      else {
        below[tail++ % numPoints] = tree.left[next - numPoints];
        below[tail++ % numPoints] = tree.right[next - numPoints];
      }
    }
  };

  const queue = new Int32Array(numPoints); // inner nodes that still belong to a cluster …
  const clusterOf = new Int32Array(numPoints); // … and which
  let tail = 0;
  let numClusters = 1;
  const enqueue = (node: number, cluster: number) => {
    queue[tail] = node;
    clusterOf[tail++] = cluster;
  };
  if (numPoints > 1) enqueue(2 * numPoints - 2, numPoints);

  for (let head = 0; head < tail; head++) {
    const merge = queue[head] - numPoints;
    const cluster = clusterOf[head];
    const sides = [tree.left[merge], tree.right[merge]];
    const at = 1 / tree.distance[merge]; // infinite for duplicates
    const isSplit = sides.every((node) => sizeOf(node) >= minClusterSize);
    for (const node of sides) {
      if (isSplit) {
        emit(cluster, numPoints + numClusters, at, sizeOf(node));
        enqueue(node, numPoints + numClusters++);
      } else if (sizeOf(node) >= minClusterSize) enqueue(node, cluster);
      else dissolve(node, cluster, at);
    }
  }
  return {
    numPoints,
    numClusters,
    parent: parent.slice(0, numRows),
    child: child.slice(0, numRows),
    lambda: lambda.slice(0, numRows),
    childSize: childSize.slice(0, numRows),
  };
}
