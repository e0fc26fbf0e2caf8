/** Edges of a graph of hits as CSV: `source,target`, both hit ids, and maybe the `score` of each. */
import { FormatError } from "../engine/errors.ts";
import { filePieces } from "../node/files.ts";
import { unpackedPieces } from "../tracking/datasets/gzip.ts";
import { type EdgeIndex, type Event, readCsvPieces } from "../tracking/index.ts";
import { tableHeader } from "./tableHeader.ts";

export interface EdgesFile {
  /** Rows of the event's hits. */
  readonly edges: EdgeIndex;
  /** In 0 … 1; undefined where the file has none. */
  readonly scores: Float64Array | undefined;
}

/** Does the table name the ends of edges? */
export const isEdgesFile = async (file: string): Promise<boolean> => {
  const header = await tableHeader(file);
  return ["source", "target"].every((name) => header.includes(name));
};

export async function readEdges(file: string, { hits, name }: Event): Promise<EdgesFile> {
  const columns = { source: "u32", target: "u32" } as const;
  const ids = await readCsvPieces(unpackedPieces(filePieces(file), file), columns, {
    where: file,
    optional: { score: "f64" } as const,
  });
  const rowOf = new Map(Array.from(hits.hitId, (id, row) => [id, row]));
  const rows = (column: Uint32Array) =>
    column.map((id, edge) => {
      const row = rowOf.get(id);
      if (row === undefined)
        throw new FormatError(`${file} line ${edge + 2}: expected hits of ${name}, got ${id}`);
      return row;
    });
  const outside = ids.score?.findIndex((score) => score < 0 || score > 1) ?? -1;
  if (outside >= 0)
    throw new FormatError(
      `${file} line ${outside + 2}: expected a score from 0 to 1, got ${ids.score![outside]}`,
    );
  return { edges: { source: rows(ids.source), target: rows(ids.target) }, scores: ids.score };
}
