import { ShapeError } from "../../engine/errors.ts";

/**
 * How far two points are apart.
 *
 * Searches compare *reduced* distances, which order pairs as distances do and are cheaper (for the
 * euclidean metric, the square). Every path adds the terms of a pair in the order of its
 * coordinates, so one pair has one distance to the last bit, wherever it is computed: exact ties
 * stay exact.
 */
export interface Metric {
  /**
   * out[r − start] = reduced distance from the query row to rows start ≤ r < end of data. What is
   * more than `limit` may come out as anything more than it: sums of many terms are left there.
   */
  toRun(
    query: Row,
    data: Float64Array,
    start: number,
    end: number,
    out: Float64Array,
    limit?: number,
  ): void;
  /**
   * Reduced distance from the query row to box b of bounds f64 [boxes, low|high, dim]; 0 inside. What
   * is more than `limit` may come out as anything between.
   */
  toBox(query: Row, bounds: Float64Array, box: number, limit: number): number;
  distance(reduced: number): number;
  reduced(distance: number): number;
  /** A distance that obeys the triangle inequality, as cosine's does not, and back. */
  norm(reduced: number): number;
  ofNorm(norm: number): number;
  /** Rows must have length 1. */
  readonly needsUnitRows: boolean;
}

/** One row of `data`, starting at index `at`. */
export interface Row {
  readonly data: Float64Array;
  at: number;
  readonly dim: number;
}

export type MetricName = "euclidean" | "manhattan" | "chebyshev" | "minkowski" | "cosine";

/** One row per metric; p is the exponent of minkowski, Σ|Δ|ᵖ. */
export const metrics: Record<MetricName, (p: number) => Metric> = {
  euclidean: () => ({
    ...sumOfSquares,
    distance: (reduced) => Math.sqrt(reduced),
    reduced: (distance) => distance * distance,
    needsUnitRows: false,
  }),
  // 1 − u·v, which is |u − v|² / 2 for rows of length 1
  cosine: () => ({
    ...sumOfSquares,
    distance: (reduced) => reduced / 2,
    reduced: (distance) => 2 * distance,
    needsUnitRows: true,
  }),
  manhattan: () => ({
    ...sumOf((gap) => gap, 1),
    distance: (reduced) => reduced,
    reduced: (distance) => distance,
    needsUnitRows: false,
  }),
  chebyshev: () => ({
    ...largest,
    distance: (reduced) => reduced,
    reduced: (distance) => distance,
    needsUnitRows: false,
  }),
  minkowski: (p) => ({
    ...sumOf((gap) => gap ** p, p),
    distance: (reduced) => reduced ** (1 / p),
    reduced: (distance) => distance ** p,
    needsUnitRows: false,
  }),
};

export function metricOf(name: MetricName, p = 2): Metric {
  if (!Object.hasOwn(metrics, name))
    throw new ShapeError(
      `metric: expected one of ${Object.keys(metrics).join(", ")}, got "${name}"`,
    );
  if (name === "minkowski" && !(p >= 1 && p < Infinity))
    throw new ShapeError(`metric minkowski: expected 1 ≤ p < ∞, got ${p} (below 1 is no metric)`);
  return metrics[name](p);
}

type Reduction = Pick<Metric, "toRun" | "toBox" | "norm" | "ofNorm">;

/** Distance of x from the interval low … high, 0 inside; without branches, which nobody can predict. */
const outside = (x: number, low: number, high: number) => {
  const under = low - x;
  const over = x - high;
  return 0.5 * (under + Math.abs(under) + (over + Math.abs(over))); // exact: at most one is positive
};

/** Terms added between two looks at the limit: most rows of many coordinates are far in the first few. */
const stride = 8;

const sumOfSquares: Reduction = {
  norm: Math.sqrt,
  ofNorm: (norm) => norm * norm,
  toRun({ data: query, at, dim }, data, start, end, out, limit = Infinity) {
    // four rows at a time: their sums do not wait for each other (2× at dim 8)
    const last = at + dim;
    let r = start;
    for (; r + 4 <= end; r += 4) {
      let i = r * dim;
      let j = i + dim;
      let k = j + dim;
      let l = k + dim;
      let a = 0;
      let b = 0;
      let c = 0;
      let d = 0;
      for (let q = at, pause = at; q < last; ) {
        for (pause = Math.min(last, q + stride); q < pause; q++) {
          const x = query[q];
          const gapA = data[i++] - x;
          const gapB = data[j++] - x;
          const gapC = data[k++] - x;
          const gapD = data[l++] - x;
          a += gapA * gapA;
          b += gapB * gapB;
          c += gapC * gapC;
          d += gapD * gapD;
        }
        if (q < last && a > limit && b > limit && c > limit && d > limit) break;
      }
      out[r - start] = a;
      out[r - start + 1] = b;
      out[r - start + 2] = c;
      out[r - start + 3] = d;
    }
    for (; r < end; r++) {
      let sum = 0;
      for (let q = at, i = r * dim; q < last; q++) {
        const gap = data[i++] - query[q];
        sum += gap * gap;
      }
      out[r - start] = sum;
    }
  },
  toBox({ data: query, at, dim }, bounds, box, limit) {
    const low = 2 * box * dim;
    let sum = 0;
    for (let d = 0, pause = 0; d < dim && sum <= limit; ) {
      for (pause = Math.min(dim, d + stride); d < pause; d++) {
        const gap = outside(query[at + d], bounds[low + d], bounds[low + dim + d]);
        sum += gap * gap;
      }
    }
    return sum;
  },
};

const sumOf = (term: (gap: number) => number, p: number): Reduction => ({
  norm: (reduced) => reduced ** (1 / p),
  ofNorm: (norm) => norm ** p,
  toRun({ data: query, at, dim }, data, start, end, out) {
    for (let r = start, i = start * dim; r < end; r++) {
      let sum = 0;
      for (let d = 0; d < dim; d++) sum += term(Math.abs(data[i++] - query[at + d]));
      out[r - start] = sum;
    }
  },
  toBox({ data: query, at, dim }, bounds, box) {
    const low = 2 * box * dim;
    let sum = 0;
    for (let d = 0; d < dim; d++)
      sum += term(outside(query[at + d], bounds[low + d], bounds[low + dim + d]));
    return sum;
  },
});

const largest: Reduction = {
  norm: (reduced) => reduced,
  ofNorm: (norm) => norm,
  toRun({ data: query, at, dim }, data, start, end, out) {
    for (let r = start, i = start * dim; r < end; r++) {
      let max = 0;
      for (let d = 0; d < dim; d++) max = Math.max(max, Math.abs(data[i++] - query[at + d]));
      out[r - start] = max;
    }
  },
  toBox({ data: query, at, dim }, bounds, box) {
    const low = 2 * box * dim;
    let max = 0;
    for (let d = 0; d < dim; d++)
      max = Math.max(max, outside(query[at + d], bounds[low + d], bounds[low + dim + d]));
    return max;
  },
};
