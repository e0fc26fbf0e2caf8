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
  const [low, high] = integerRange(labels);
  // a table pays where it is no larger than a few of the columns
  return high - low < 4 * labels.length ? rankByTable(labels, low, high) : rankByMap(labels);
}

/** Least and greatest label; nothing is between them if one is no integer. */
function integerRange(labels: ArrayLike<number>): [low: number, high: number] {
  let [low, high] = [Infinity, -Infinity];
  for (let h = 0; h < labels.length; h++) {
    const label = labels[h];
    if (!Number.isSafeInteger(label)) return [0, Infinity];
    if (label < low) low = label;
    if (label > high) high = label;
  }
  return [low, high];
}

function rankByTable(labels: ArrayLike<number>, low: number, high: number): Ranks {
  const place = new Uint32Array(labels.length === 0 ? 0 : high - low + 1);
  for (let h = 0; h < labels.length; h++) place[labels[h] - low] = 1;
  let numValues = 0;
  for (let k = 0; k < place.length; k++) numValues += place[k];
  const values = new Float64Array(numValues);
  for (let k = 0, next = 0; k < place.length; k++) {
    if (place[k] === 0) continue;
    values[next] = low + k;
    place[k] = next++;
  }
  const of = new Uint32Array(labels.length);
  for (let h = 0; h < labels.length; h++) of[h] = place[labels[h] - low];
  return { values, of };
}

/** Of labels that are far apart, or no integers. */
function rankByMap(labels: ArrayLike<number>): Ranks {
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
