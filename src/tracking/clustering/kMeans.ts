/**
 * k-means from given centres, Lloyd 1982 (doi:10.1109/TIT.1982.1056489):
 *
 *   label  = nearest centre, the lowest of equally near ones
 *   centre = mean of its points
 *
 * until no label changes. A centre without points moves to the point farthest from its own centre,
 * which leaves its cluster (the rule of scikit-learn).
 */
import { ShapeError } from "../../engine/errors.ts";
import { metricOf } from "./metrics.ts";
import { finiteData, type Points } from "./points.ts";

export interface KMeansOptions {
  /** Default 300. */
  readonly maxIterations?: number;
}

export interface KMeans {
  readonly labels: Int32Array; // [N] of the centres below
  readonly centres: Float64Array; // [K, dim]
  readonly inertia: number; // Σ squared distance to the own centre
  readonly numIterations: number; // assignments of all points to centres
}

/** points [N, dim], centres: K starting points of the same dim. */
export function kMeans(
  points: Points,
  centres: Points,
  { maxIterations = 300 }: KMeansOptions = {},
): KMeans {
  const data = finiteData("kMeans", "points", points);
  let current = finiteData("kMeans", "centres", centres);
  if (centres.dim !== points.dim || (centres.numPoints === 0 && points.numPoints > 0))
    throw new ShapeError(
      `kMeans(centres): expected [1 or more, ${points.dim}], got [${centres.numPoints}, ${centres.dim}]`,
    );
  let nearest = assign(data, current, points.dim);
  let numIterations = 1;
  while (numIterations < maxIterations) {
    const moved = means(data, nearest, current, points.dim);
    if (moved.every((x, i) => x === current[i])) break;
    const next = assign(data, moved, points.dim);
    const isSame = next.labels.every((label, row) => label === nearest.labels[row]);
    [current, nearest] = [moved, next];
    numIterations++;
    if (isSame) break;
  }
  const inertia = nearest.squares.reduce((sum, square) => sum + square, 0);
  return { labels: nearest.labels, centres: current, inertia, numIterations };
}

interface Assignment {
  readonly labels: Int32Array; // [N]
  readonly squares: Float64Array; // [N] squared distance to that centre
}

const euclidean = metricOf("euclidean");

function assign(data: Float64Array, centres: Float64Array, dim: number): Assignment {
  const numPoints = data.length / dim || 0;
  const labels = new Int32Array(numPoints);
  const squares = new Float64Array(numPoints);
  const toCentres = new Float64Array(centres.length / dim || 0);
  for (let row = 0; row < numPoints; row++) {
    euclidean.toRun({ data, at: row * dim, dim }, centres, 0, toCentres.length, toCentres);
    for (let c = 1; c < toCentres.length; c++)
      if (toCentres[c] < toCentres[labels[row]]) labels[row] = c;
    squares[row] = toCentres[labels[row]];
  }
  return { labels, squares };
}

function means(
  data: Float64Array,
  { labels, squares }: Assignment,
  previous: Float64Array,
  dim: number,
): Float64Array {
  const sums = new Float64Array(previous.length);
  const counts = new Float64Array(previous.length / dim);
  const move = (row: number, c: number, sign: number) => {
    counts[c] += sign;
    for (let d = 0; d < dim; d++) sums[c * dim + d] += sign * data[row * dim + d];
  };
  labels.forEach((c, row) => {
    move(row, c, 1);
  });
  const empty = Array.from(counts.keys()).filter((c) => counts[c] === 0);
  const farthest = farthestRows(squares, empty.length);
  empty.slice(0, farthest.length).forEach((c, i) => {
    move(farthest[i], labels[farthest[i]], -1);
    move(farthest[i], c, 1);
  });
  // a centre that lost its only point stays where it was
  return sums.map((sum, i) => {
    const count = counts[Math.floor(i / dim)];
    return count > 0 ? sum / count : previous[i];
  });
}

/** The rows farthest from their centres, farthest first; none if all points lie on a centre. */
function farthestRows(squares: Float64Array, count: number): number[] {
  if (count === 0 || squares.every((square) => square === 0)) return [];
  const order = Array.from(squares.keys()).sort((a, b) => squares[b] - squares[a] || a - b);
  return order.slice(0, count);
}
