/** Columns of an event under the names of files: what its hits and its true edges are told apart by. */
import { takeRows } from "./columns.ts";
import type { EdgeIndex } from "./graphs/edgeIndex.ts";

export type ColumnValues =
  | Float32Array
  | Float64Array
  | Int32Array
  | Uint32Array
  | Uint8Array
  | BigInt64Array
  | BigUint64Array;

/** Columns of hits [N], of true edges [M], and the edges as rows of hits. */
export interface EventColumns {
  readonly hits: Readonly<Record<string, ColumnValues>>; // names start with hit_
  readonly tracks: Readonly<Record<string, ColumnValues>>; // names start with track_
  readonly trackEdges: EdgeIndex;
}

/** The given hits, the true edges with both ends among them, and their columns. */
export function takeHitColumns(
  { hits, tracks, trackEdges }: EventColumns,
  rows: ArrayLike<number>,
): EventColumns {
  const newRow = new Map(Array.from(rows, (row, r) => [row, r]));
  const { source, target } = trackEdges;
  const edges = Uint32Array.from(source, (_, e) => e).filter(
    (e) => newRow.has(source[e]) && newRow.has(target[e]),
  );
  const renumbered = (ends: ArrayLike<number>) =>
    Uint32Array.from(edges, (e) => newRow.get(ends[e])!);
  return {
    hits: takeRows(hits, rows),
    tracks: takeRows(tracks, edges),
    trackEdges: { source: renumbered(source), target: renumbered(target) },
  };
}
