/**
 * A list of the k least distances and their rows in the memory of one invocation, kept in order by
 * insertion. Rows come in ascending order, so a row that ties with one in the list goes behind it.
 */
import type { Attrs } from "../src/engine/expr.ts";

/** Plain loops: as long as `found` is below k there is room. Returns how many there are now. */
export function insertReference(
  list: { distances: Float64Array; rows: Uint32Array },
  found: number,
  distance: number,
  row: number,
): number {
  const { distances, rows } = list;
  const k = rows.length;
  if (found === k && distance >= distances[k - 1]) return found;
  let at = Math.min(found, k - 1);
  for (; at > 0 && distances[at - 1] > distance; at--) {
    distances[at] = distances[at - 1];
    rows[at] = rows[at - 1];
  }
  distances[at] = distance;
  rows[at] = row;
  return Math.min(found + 1, k);
}

export const declareList = ({ k }: Attrs): string => /* wgsl */ `
  var distances: array<f32, ${k}>;
  var rows: array<u32, ${k}>;
  var found = 0u;`;

/** Takes the variables `distance`, which is a number, and `row`. */
export const insert = ({ k }: Attrs): string => /* wgsl */ `
    if (found < ${k}u || distance < distances[${k}u - 1u]) {
      var at = min(found, ${k}u - 1u);
      while (at > 0u && distances[at - 1u] > distance) {
        distances[at] = distances[at - 1u];
        rows[at] = rows[at - 1u];
        at--;
      }
      distances[at] = distance;
      rows[at] = row;
      found = min(found + 1u, ${k}u);
    }`;

/** Stores the list as row i of the result, and none where it ends early. */
export const storeList = ({ k }: Attrs): string => /* wgsl */ `
  for (var at = 0u; at < ${k}u; at++) {
    store(i * ${k}u + at, select(0xffffffffu, rows[at], at < found));
  }`;
