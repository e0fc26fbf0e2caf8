import { FormatError } from "../../engine/errors.ts";
import type { Submission } from "../tracks.ts";
import { lineOf, readCsv } from "./csv.ts";
import { writeCsv } from "./csvWriter.ts";
import { gunzip } from "./gzip.ts";

/** Reads the table `hit_id,track_id`, plain or gzip; `file` is the name used in messages. */
export async function readSubmission(
  source: Uint8Array | string,
  file: string,
): Promise<Submission> {
  const where = `readSubmission: ${file}`;
  const columns = { hit_id: "u32", track_id: "i32" } as const;
  const { hit_id: hitId, track_id: trackId } = readCsv(await gunzip(source, where), columns, {
    where,
  });
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
