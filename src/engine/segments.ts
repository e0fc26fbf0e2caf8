/** Message passing on the engine: segments of rows, built once per graph and used by every layer. */

import { indices, range } from "./create.ts";
import { expectDType } from "./dtype.ts";
import { ShapeError } from "./errors.ts";
import { type Expr, outsideScopes, type Storage } from "./expr.ts";
import { cumsum } from "./ops/scan.ts";
import { searchSorted } from "./ops/search.ts";
import { sortKeys } from "./ops/sort.ts";
import { gather, none } from "./rows.ts";
import { showShape } from "./shape.ts";
import { record, type Tensor, wrap } from "./tensor.ts";

/** Which rows belong to which segment. */
export interface Segments {
  /** u32 [S+1]: segment s owns places offsets[s] … offsets[s+1] − 1 of `order`. */
  readonly offsets: Tensor;
  /** u32 [E]: rows sorted by segment, in their own order within one. */
  readonly order: Tensor;
  /** u32 [E]: the segment of each row. */
  readonly target: Tensor;
  readonly numSegments: number;
}

/** Plans by what they were made from: numbers on the host, or an expression that computes them. */
const built = new WeakMap<Storage | Expr, Map<number, Segments>>();

/**
 * Sorts rows by segment, in their own order within one; a second call with the same tensor returns what
 * the first one made, so layers and gradients share it.
 *
 * `target` u32 [E] from the host is sorted there, in time O(E + S), and must be below `numSegments`.
 * Computed segments are sorted on the device, in the step that needs them; to keep the result for later
 * steps, `realize` its tensors. There, a row of no such segment (`none`, for example) belongs to none.
 */
export function segmentsOf(target: Tensor, numSegments: number): Segments {
  expectDType("segmentsOf(target)", target.dtype, ["u32", "i32"]);
  if (target.rank !== 1)
    throw new ShapeError(`segmentsOf(target): expected u32 [E], got ${showShape(target.shape)}`);
  const { storage } = target.expr;
  const host = storage?.host;
  const source = storage && host ? storage : target.expr;
  const known = built.get(source) ?? new Map<number, Segments>();
  built.set(source, known);
  const sort = () =>
    host ? sortRows(target, host, numSegments) : sortOnDevice(target, numSegments);
  const made = known.get(numSegments) ?? outsideScopes(sort);
  known.set(numSegments, made);
  // the same numbers may be wanted on another device
  const [offsets, order] = [made.offsets, made.order].map(({ expr }) => wrap(expr, [target]));
  return { offsets, order, target, numSegments };
}

/** Stable counting sort. */
function sortRows(target: Tensor, host: ArrayLike<number>, numSegments: number): Segments {
  const offsets = new Uint32Array(numSegments + 1);
  for (let e = 0; e < host.length; e++) {
    if (!(host[e] >= 0 && host[e] < numSegments))
      throw new ShapeError(
        `segmentsOf(target): expected segments below ${numSegments}, got ${host[e]}`,
      );
    offsets[host[e] + 1]++;
  }
  for (let s = 0; s < numSegments; s++) offsets[s + 1] += offsets[s];
  const next = offsets.slice();
  const order = new Uint32Array(host.length);
  for (let e = 0; e < host.length; e++) order[next[host[e]]++] = e;
  return { offsets: indices(offsets), order: indices(order), target, numSegments };
}

/** Three digits sort the segments of any graph that fits into memory; four, those of any tensor. */
const usualSegments = 2 ** 24;

function sortOnDevice(target: Tensor, numSegments: number): Segments {
  const keys = target.cast("u32").minimum(numSegments); // rows of no segment come last
  const sorted = sortKeys(keys, numSegments < usualSegments ? usualSegments : 2 ** 32);
  const offsets = searchSorted(sorted.keys, range(numSegments + 1, "u32"));
  return { offsets, order: sorted.order, target, numSegments };
}

/**
 * Segments of rows that lie in order already: of the `width` rows s · width … that segment s may have, the
 * first counts[s] are its own and the others are of no segment; all of them without `counts` u32 [S].
 */
export function segmentsOfRuns(numSegments: number, width: number, counts?: Tensor): Segments {
  const numRows = numSegments * width;
  const row = range(numRows, "u32");
  const run = row.div(Math.max(1, width));
  let made: Segments;
  if (counts) {
    const isOwn = row.mod(Math.max(1, width)).less(gather(counts, run));
    const target = isOwn.select(run, none);
    const offsets = cumsum(counts.pad([[0, 1]]), { exclusive: true });
    const ends = offsets.slice([[1, numSegments + 1]]);
    const segment = searchSorted(ends, row, { right: true }); // of the row at each place
    const order = row.sub(gather(offsets, segment)).add(segment.mul(width));
    made = { offsets, order, target, numSegments };
  } else {
    const offsets = range(numSegments + 1, "u32").mul(width);
    made = { offsets, order: row, target: run, numSegments };
  }
  built.set(made.target.expr, new Map([[numSegments, made]]));
  return made;
}

function reduceSegments(op: string, x: Tensor, segments: Segments): Tensor {
  expectDType(op, x.dtype, ["f32", "i32", "u32"]);
  const { target, numSegments } = segments;
  if (x.rank === 0 || x.shape[0] !== target.shape[0])
    throw new ShapeError(`${op}(x): expected [${target.shape[0]}, …], got ${showShape(x.shape)}`);
  const inputs = [x, ...segmentValues(segments)];
  return record(op, inputs, [numSegments, ...x.shape.slice(1)], x.dtype);
}

/** y[s, …] = Σ x[e, …] over the rows e of segment s; 0 for an empty one. */
export const segmentSum = (x: Tensor, segments: Segments): Tensor =>
  reduceSegments("segmentSum", x, segments);

/** y[s, …] = max x[e, …] over the rows e of segment s; −3.4e38 (the least i32, 0) for an empty one. */
export const segmentMax = (x: Tensor, segments: Segments): Tensor =>
  reduceSegments("segmentMax", x, segments);

/** y[s, …] = min x[e, …] over the rows e of segment s; 3.4e38 (the greatest i32, u32) for an empty one. */
export const segmentMin = (x: Tensor, segments: Segments): Tensor =>
  reduceSegments("segmentMin", x, segments);

/** Mean over the rows of each segment; 0 for an empty one. */
export function segmentMean(x: Tensor, segments: Segments): Tensor {
  const { offsets, numSegments } = segments;
  const [starts, ends] = [offsets.slice([[0, numSegments]]), offsets.slice([[1, numSegments + 1]])];
  const count = ends.sub(starts).maximum(1).cast("f32");
  return segmentSum(x, segments).div(count.reshape([-1, ...x.shape.slice(1).map(() => 1)]));
}

/**
 * Softmax among the rows of each segment: α_e = exp(x_e − M_s) / Σ_{e'∈s} exp(x_e' − M_s); 0 for a row
 * of no segment.
 */
export function segmentSoftmax(x: Tensor, segments: Segments): Tensor {
  const { target, numSegments } = segments;
  const ofMembers = (y: Tensor): Tensor => {
    if (target.expr.storage?.host) return y; // all are
    const isMember = target.cast("u32").less(numSegments);
    return isMember.reshape([-1, ...x.shape.slice(1).map(() => 1)]).select(y, 0);
  };
  const score = ofMembers(x);
  const greatest = segmentMax(score.stopGradient(), segments); // any shift gives the same result
  const e = score.sub(gather(greatest, target)).exp();
  const total = gather(segmentSum(e, segments), target); // at least 1, or of no segment
  return ofMembers(e.div(total.maximum(0.5)));
}

/** Adds rows of x into `numRows` rows by index: y[target[e], …] += x[e, …], in the order of e. */
export function scatterAdd(x: Tensor, target: Tensor, numRows: number): Tensor {
  return segmentSum(x, segmentsOf(target, numRows));
}

/** What an op over segments takes besides its operands, in this order. */
export const segmentValues = ({ offsets, order, target }: Segments): Tensor[] => [
  offsets,
  order,
  target,
];

/** The segments of which these are the `segmentValues`. */
export function segmentsIn([offsets, order, target]: readonly Tensor[]): Segments {
  return { offsets, order, target, numSegments: offsets.shape[0] - 1 };
}
