import { FormatError } from "../engine/errors.ts";
import { filePieces } from "../node/files.ts";
import { readSubmission, type Tracks, tracksFromSubmission } from "../tracking/index.ts";

/** Tracks of a submission file for these hits; one of another event is refused. `name` is the event's in messages. */
export async function submittedTracks(
  file: string,
  { hitId, name }: { hitId: Uint32Array; name: string },
): Promise<Tracks> {
  const submission = await readSubmission(filePieces(file), file);
  const known = new Set(hitId);
  if (submission.hitId.length > 0 && !submission.hitId.some((id) => known.has(id)))
    throw new FormatError(`${file}: expected hits of ${name}, got none of them`);
  return tracksFromSubmission(submission, hitId);
}
