/**
 * Counting hits by two labels at once: the table behind every score of a clustering.
 *
 * Sorting is by counting, so the table of a full event takes milliseconds, and stable, so sums over
 * hits are always taken in the same order.
 */

/** Distinct values in ascending order, and for every hit the place of its value among them. */
export interface Ranks {
  readonly values: Float64Array;
  readonly of: Uint32Array; // [H]
}

/** Every pair (row, column) that occurs, ascending; pair k holds hits order[start[k] … start[k+1]). */
export interface Contingency {
  readonly row: Uint32Array; // [K]
  readonly column: Uint32Array; // [K]
  readonly start: Uint32Array; // [K + 1]
  readonly order: Uint32Array; // hits by row, then column, then as they were [H]
}

export function rank(labels: ArrayLike<number>): Ranks {
  const values = Float64Array.from(new Set(Array.from(labels))).sort();
  const place = new Map(Array.from(values, (value, i) => [value, i]));
  return { values, of: Uint32Array.from(labels, (label) => place.get(label)!) };
}

export function contingency(rows: Ranks, columns: Ranks): Contingency {
  const hits = Uint32Array.from(rows.of.keys());
  const byColumn = sortBy(hits, columns.of, columns.values.length);
  const order = sortBy(byColumn, rows.of, rows.values.length);
  const isNew = (hit: number, i: number) =>
    i === 0 ||
    rows.of[hit] !== rows.of[order[i - 1]] ||
    columns.of[hit] !== columns.of[order[i - 1]];
  const starts = Array.from(order.keys()).filter((i) => isNew(order[i], i));
  return {
    row: Uint32Array.from(starts, (i) => rows.of[order[i]]),
    column: Uint32Array.from(starts, (i) => columns.of[order[i]]),
    start: Uint32Array.from([...starts, order.length]),
    order,
  };
}

/** How many hits have each value. */
export function countOf({ values, of }: Ranks): Uint32Array {
  const count = new Uint32Array(values.length);
  for (const place of of) count[place]++;
  return count;
}

/** The pair with most hits in each row; among equals the smallest column. */
export function majorities({ row, start }: Contingency, numRows: number): Uint32Array {
  const best = new Uint32Array(numRows);
  const size = (k: number) => start[k + 1] - start[k];
  row.forEach((r, k) => {
    if (row[best[r]] !== r || size(k) > size(best[r])) best[r] = k;
  });
  return best;
}

/** Stable counting sort of hits by keys below numKeys. */
function sortBy(hits: Uint32Array, key: Uint32Array, numKeys: number): Uint32Array {
  const next = new Uint32Array(numKeys + 1);
  for (const hit of hits) next[key[hit] + 1]++;
  for (let k = 0; k < numKeys; k++) next[k + 1] += next[k];
  const sorted = new Uint32Array(hits.length);
  for (const hit of hits) sorted[next[key[hit]]++] = hit;
  return sorted;
}
