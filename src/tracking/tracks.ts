/**
 * Tracks: which hits we claim belong together, one label per hit, i32 [H]; −1 = no track.
 *
 * Labels need not be dense. Submission files name hits by id and may leave hits out.
 */
import { ShapeError } from "../engine/errors.ts";

export type Tracks = Int32Array;

/** Rows of a submission: each hit at most once, in any order. */
export interface Submission {
  readonly hitId: Uint32Array;
  readonly trackId: Int32Array;
}

/** Number of distinct labels, −1 not counted. */
export const numTracks = (tracks: Tracks): number => {
  const labels = new Set(tracks);
  for (const label of labels) if (label < 0) labels.delete(label);
  return labels.size;
};

/**
 * Labels for the hits `hitId` u32 [H], in their order. Hits that the submission leaves out, or gives a
 * negative id, are in no track; rows for hits that we do not have are ignored.
 */
export function tracksFromSubmission(submission: Submission, hitId: Uint32Array): Tracks {
  const trackOf = new Map<number, number>();
  submission.hitId.forEach((id, row) => {
    trackOf.set(id, submission.trackId[row]);
  });
  return Int32Array.from(hitId, (id) => Math.max(trackOf.get(id) ?? -1, -1));
}

/** One row per hit that is in a track: left-out hits score the same as hits in tracks of their own. */
export function submissionFromTracks(tracks: Tracks, hitId: Uint32Array): Submission {
  if (tracks.length !== hitId.length)
    throw new ShapeError(`tracks: expected i32 [${hitId.length}], got [${tracks.length}]`);
  const isInTrack = (_: number, hit: number) => tracks[hit] >= 0;
  return { hitId: hitId.filter(isInTrack), trackId: tracks.filter((label) => label >= 0) };
}
