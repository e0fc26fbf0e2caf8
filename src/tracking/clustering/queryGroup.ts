import { type KdTree, maxLeaf } from "./kdTree.ts";
import type { Row } from "./metrics.ts";

/**
 * Points of one leaf that search together: they lie in a ball, and what is farther from its center than
 * their limit and its radius is out of reach for all of them. One point alone is a ball of radius 0.
 */
export interface QueryGroup {
  readonly points: Int32Array; // the first `size` of them count
  readonly data: Float64Array; // [size, dim] their coordinates
  readonly size: number;
  readonly minCore: number;
  readonly minRow: number;
  readonly center: Row;
  clear(): void;
  add(p: number): void;
  /** Places the ball, once all points are in. */
  enclose(): void;
  /** Reduced distance from the center beyond which nothing is within `distance` of a point. */
  reachOf(distance: number): number;
  /** No point is nearer to what has this reduced distance from the center. */
  atLeast(reduced: number): number;
}

/** Rounding moves a distance by less than this, relative to itself. */
const slack = 1 + 1e-12;

export function queryGroup(tree: KdTree, core: Float64Array): QueryGroup {
  const { metric, dim, data: all, rows } = tree;
  const capacity = maxLeaf(tree);
  const points = new Int32Array(capacity);
  const data = new Float64Array(capacity * dim);
  const center = { data: new Float64Array(dim), at: 0, dim };
  const away = new Float64Array(capacity);
  let [size, minCore, minRow, radius] = [0, Infinity, Infinity, 0];

  return {
    points,
    data,
    center,
    get size() {
      return size;
    },
    get minCore() {
      return minCore;
    },
    get minRow() {
      return minRow;
    },
    clear() {
      size = 0;
      minCore = minRow = Infinity;
    },
    add(p) {
      for (let d = 0; d < dim; d++) data[size * dim + d] = all[p * dim + d];
      points[size++] = p;
      minCore = Math.min(minCore, core[p]);
      minRow = Math.min(minRow, rows[p]);
    },
    enclose() {
      radius = 0;
      for (let d = 0; d < dim; d++) {
        let sum = 0;
        for (let i = d; i < size * dim; i += dim) sum += data[i];
        center.data[d] = sum / size;
      }
      if (size === 1) return;
      metric.toRun(center, data, 0, size, away);
      for (let i = 0; i < size; i++) radius = Math.max(radius, metric.norm(away[i]));
    },
    reachOf: (distance) => metric.ofNorm((metric.norm(metric.reduced(distance)) + radius) * slack),
    atLeast: (reduced) =>
      radius === 0
        ? metric.distance(reduced)
        : metric.distance(metric.ofNorm(Math.max(0, metric.norm(reduced) / slack - radius))),
  };
}
