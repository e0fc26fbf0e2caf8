/** Counting values into bins, for plots. A value on an edge belongs to the bin that it begins. */
import { ShapeError } from "../../engine/errors.ts";

/** `count` bins of equal width between two numbers, or of equal ratio: count + 1 edges. */
export function equalBins(
  [low, high]: readonly [low: number, high: number],
  count: number,
  { isLog = false } = {},
): number[] {
  if (!(low < high && count >= 1 && (!isLog || low > 0)))
    throw new ShapeError(
      `equalBins: expected ${isLog ? "0 < " : ""}low < high, got ${low}, ${high}`,
    );
  const at = (share: number) => (isLog ? low * (high / low) ** share : low + share * (high - low));
  return Array.from({ length: count + 1 }, (_, i) => (i === count ? high : at(i / count)));
}

/** How many values lie in each bin; the last one includes its end, NaN and what is outside count nowhere. */
export function histogram(values: ArrayLike<number>, edges: readonly number[]): Uint32Array {
  const counts = new Uint32Array(edges.length - 1);
  for (let i = 0; i < values.length; i++) {
    const bin = binOf(values[i], edges);
    if (bin >= 0) counts[bin]++;
  }
  return counts;
}

/** The bin of a value, by bisection; −1 outside. */
export function binOf(value: number, edges: readonly number[]): number {
  const last = edges.length - 1;
  if (!(value >= edges[0] && value <= edges[last])) return -1;
  let [low, high] = [0, last];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (value >= edges[middle]) low = middle;
    else high = middle;
  }
  return low;
}

/** A rectangle and what was counted in it. */
export interface Cell {
  readonly x: number;
  readonly x2: number;
  readonly y: number;
  readonly y2: number;
  readonly count: number;
  readonly value: number;
}

/** Counts of pairs (x, y); cells without any are left out. */
export function countsInCells(
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  edges: { readonly x: readonly number[]; readonly y: readonly number[] },
): Cell[] {
  return cells(
    x,
    y,
    edges,
    () => 1,
    (count) => count,
  );
}

/** The share of pairs (x, y) that passed, u8 or bool per pair; cells without any are left out. */
export function sharesInCells(
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  passed: ArrayLike<number | boolean>,
  edges: { readonly x: readonly number[]; readonly y: readonly number[] },
): Cell[] {
  return cells(
    x,
    y,
    edges,
    (i) => (passed[i] ? 1 : 0),
    (count, sum) => sum / count,
  );
}

function cells(
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  edges: { readonly x: readonly number[]; readonly y: readonly number[] },
  weight: (i: number) => number,
  summary: (count: number, sum: number) => number,
): Cell[] {
  const columns = edges.x.length - 1;
  const counts = new Uint32Array(columns * (edges.y.length - 1));
  const sums = new Float64Array(counts.length);
  for (let i = 0; i < x.length; i++) {
    const [column, row] = [binOf(x[i], edges.x), binOf(y[i], edges.y)];
    if (column < 0 || row < 0) continue;
    counts[row * columns + column]++;
    sums[row * columns + column] += weight(i);
  }
  return Array.from(counts, (count, cell) => {
    const [column, row] = [cell % columns, Math.floor(cell / columns)];
    const [x, x2, y, y2] = [edges.x[column], edges.x[column + 1], edges.y[row], edges.y[row + 1]];
    return { x, x2, y, y2, count, value: summary(count, sums[cell]) };
  }).filter(({ count }) => count > 0);
}
