/** Nearest neighbors on the device, by exhaustive search: exact, and in any dimension. */
import { defineComposite } from "../composite.ts";
import { indices, range } from "../create.ts";
import { expectDType } from "../dtype.ts";
import { ShapeError } from "../errors.ts";
import { gather } from "../rows.ts";
import { showShape } from "../shape.ts";
import { Tensor, wrap } from "../tensor.ts";
import { farthest, leastColumns, longestList } from "./topk.ts";

export interface KnnOptions {
  /** Whose neighbors are wanted, f32 [Q, D]; default: those of the points themselves. */
  queries?: Tensor;
  /**
   * u32 [B+1], ascending from 0 to N: event b owns the points offsets[b] … offsets[b+1] − 1. Neighbors
   * are of the same event.
   */
  offsets?: Tensor;
  /** The same for the queries, if they are others than the points. */
  queryOffsets?: Tensor;
  /** Whether a point is a neighbor of itself; without `queries` only. Default false. */
  self?: boolean;
  /** Neighbors are at most this far away: the nearest k within a radius. */
  maxDistance?: number;
}

/** Up to k neighbors of each query, nearest first, ties to the lower row. */
export interface Neighbors {
  /** u32 [Q, k]: rows of the points; `none` where there are no more. */
  readonly index: Tensor;
  /** f32 [Q, k]: squared distances, with gradients; 3.4e38 where there are no more. */
  readonly squaredDistance: Tensor;
  /** u32 [Q]: how many there are. */
  readonly count: Tensor;
  /** How many points they are rows of. */
  readonly numPoints: number;
  /** Whether every query is known to have k neighbors without looking at distances. */
  readonly isFull: boolean;
}

/** d[q, n] = Σ (queries[q] − points[n])², f32 [Q, N]. */
function squaredDistances(queries: Tensor, points: Tensor): Tensor {
  const [[numQueries, dim], [numPoints]] = [queries.shape, points.shape];
  const difference = queries.reshape([numQueries, 1, dim]).sub(points.reshape([1, numPoints, dim]));
  return difference.square().sum({ axes: 2 });
}

const nearestRows = defineComposite({
  name: "nearestRows",
  dtype: "u32",
  shape: ([, queries], { k }) => [queries.shape[0], k as number],
  compose: (inputs, { attrs, values: [limit] }) => {
    const [points, queries, offsets, queryOffsets] = inputs.map((expr) => new Tensor(expr));
    const [[numPoints], [numQueries]] = [points.shape, queries.shape];
    const numEvents = offsets.shape[0] - 1;
    const query = range(numQueries, "u32").reshape([numQueries, 1]);
    const row = range(numPoints, "u32").reshape([1, numPoints]);
    const starts = queryOffsets.slice([[1, numEvents + 1]]).reshape([1, numEvents]);
    const event = starts
      .lessEqual(query)
      .cast("u32")
      .sum({ axes: 1 })
      .minimum(numEvents - 1);
    const ofEvent = (at: Tensor) => gather(offsets, at).reshape([numQueries, 1]);
    const [first, end] = [ofEvent(event), ofEvent(event.add(1))];
    const distance = squaredDistances(queries, points);
    const isIn = row.greaterEqual(first).and(row.less(end)).and(distance.lessEqual(limit));
    const isWanted = attrs.self ? isIn : isIn.and(row.equal(query).not());
    return leastColumns(distance, isWanted, attrs.k as number).expr;
  },
});

/**
 * The k nearest of the points f32 [N, D] to each query, k ≤ 128 and D ≤ 64, by Euclidean distance. Every
 * pair is looked at once, and differences are squared, not expanded, so equal points are at distance 0.
 * What is found does not depend on anything but the points: ties go to the lower row.
 */
export function knn(points: Tensor, k: number, options: KnnOptions = {}): Neighbors {
  const { queries = points, self = false, maxDistance } = options;
  checkPoints("points", points);
  checkPoints("queries", queries);
  const [numPoints, dim] = points.shape;
  const [numQueries] = queries.shape;
  if (queries.shape[1] !== dim)
    throw new ShapeError(
      `knn(queries): expected [Q, ${dim}], like points, got ${showShape(queries.shape)}`,
    );
  if (!(Number.isInteger(k) && k >= 1 && k <= longestList))
    throw new ShapeError(`knn(k): expected 1…${longestList}, got ${k}`);
  if (maxDistance !== undefined && !(maxDistance >= 0))
    throw new ShapeError(`knn(maxDistance): expected a distance ≥ 0, got ${maxDistance}`);

  const offsets = options.offsets ?? indices([0, numPoints]);
  const queryOffsets =
    options.queryOffsets ?? (options.queries ? indices([0, numQueries]) : offsets);
  if (options.queries && (options.offsets === undefined) !== (options.queryOffsets === undefined))
    throw new ShapeError("knn: expected offsets of both points and queries, got one of them");
  checkOffsets("offsets", offsets, numPoints);
  checkOffsets("queryOffsets", queryOffsets, numQueries);
  if (offsets.shape[0] !== queryOffsets.shape[0])
    throw new ShapeError(
      `knn(queryOffsets): expected [${offsets.shape[0]}], like offsets, got [${queryOffsets.shape[0]}]`,
    );

  const inputs = [points, queries, offsets, queryOffsets];
  const limit = Math.min(maxDistance === undefined ? farthest : maxDistance ** 2, farthest);
  const attrs = { k, dim, self: self || options.queries !== undefined };
  const index = wrap(
    nearestRows(
      inputs.map(({ expr }) => expr),
      attrs,
      [limit],
    ),
    inputs,
  );
  const isFound = index.less(numPoints);
  const difference = queries.reshape([numQueries, 1, dim]).sub(gather(points, index));
  return {
    index,
    squaredDistance: isFound.select(difference.square().sum({ axes: 2 }), farthest),
    count: isFound.cast("u32").sum({ axes: 1 }),
    numPoints,
    isFull: maxDistance === undefined && smallestEvent(offsets) >= (attrs.self ? k : k + 1),
  };
}

/** The least number of points of an event, where the host knows it. */
function smallestEvent(offsets: Tensor): number {
  const host = offsets.expr.storage?.host;
  if (!host) return 0;
  let least = Number.POSITIVE_INFINITY;
  for (let b = 1; b < host.length; b++) least = Math.min(least, host[b] - host[b - 1]);
  return least;
}

function checkPoints(name: string, { dtype, rank, shape }: Tensor): void {
  expectDType(`knn(${name})`, dtype, ["f32"]);
  if (rank !== 2 || shape[1] < 1 || shape[1] > 64)
    throw new ShapeError(`knn(${name}): expected [N, D] with D of 1…64, got ${showShape(shape)}`);
}

function checkOffsets(name: string, offsets: Tensor, numRows: number): void {
  expectDType(`knn(${name})`, offsets.dtype, ["u32"]);
  if (offsets.rank !== 1 || offsets.shape[0] < 2)
    throw new ShapeError(`knn(${name}): expected [B+1], got ${showShape(offsets.shape)}`);
  const host = offsets.expr.storage?.host;
  if (!host) return;
  const isAscending = host.every((offset, b) => b === 0 || offset >= host[b - 1]);
  if (host[0] !== 0 || host[host.length - 1] !== numRows || !isAscending)
    throw new ShapeError(
      `knn(${name}): expected ascending offsets from 0 to ${numRows}, got ${[...host].join(", ")}`,
    );
}
