import { FormatError } from "../../engine/errors.ts";
import type { Submission } from "../tracks.ts";
import { lineOf, readCsvPieces } from "./csv.ts";
import { writeCsv } from "./csvWriter.ts";
import { type Source, unpackedPieces } from "./gzip.ts";

/** Reads the table `hit_id,track_id`, plain or gzip; `file` is the name used in messages. */
export async function readSubmission(source: Source, file: string): Promise<Submission> {
  const where = `readSubmission: ${file}`;
  const columns = { hit_id: "u32", track_id: "i32" } as const;
  const table = await readCsvPieces(unpackedPieces(source, where), columns, { where });
  const { hit_id: hitId, track_id: trackId } = table;
  const seen = new Set<number>();
  hitId.forEach((id, row) => {
    if (seen.has(id))
      throw new FormatError(`${where} ${lineOf(row)}: expected each hit once, got hit ${id} again`);
    seen.add(id);
  });
  return { hitId, trackId };
}

/** Text of a submission file. */
export const writeSubmission = ({ hitId, trackId }: Submission): string =>
  writeCsv({ hit_id: hitId, track_id: trackId });
