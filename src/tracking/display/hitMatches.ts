import { contingency, majorities, rank } from "../metrics/contingency.ts";
import type { Tracks } from "../tracks.ts";

/** How a hit was treated: left out (or not known), in a track of its own particle, or of another. */
export type HitMatch = "none" | "right" | "wrong";

export interface HitMatches {
  readonly ofHit: readonly HitMatch[];
  /** The particle with most hits in each track (the smaller index of two), by label. */
  readonly particleOfTrack: ReadonlyMap<number, number>;
}

/** What made each hit [H]; 0 = noise where it is known. */
export interface HitOwners {
  readonly particle: ArrayLike<number>;
  readonly isKnown: ArrayLike<number>;
}

/** A hit is wrong where another particle, or noise, has more hits in its track. [H] each. */
export function hitMatches(tracks: Tracks, { particle, isKnown }: HitOwners): HitMatches {
  const known = tracks.map((label, hit) => (isKnown[hit] ? label : -1));
  const [labels, owners] = [rank(known), rank(particle)];
  const pairs = contingency(labels, owners);
  const best = majorities(pairs, labels.values.length);
  const particleOfTrack = new Map<number, number>();
  labels.values.forEach((label, row) => {
    if (label >= 0) particleOfTrack.set(label, owners.values[pairs.column[best[row]]]);
  });
  const isRight = (label: number, hit: number) =>
    particle[hit] > 0 && particleOfTrack.get(label) === particle[hit];
  const ofHit = Array.from(known, (label, hit) =>
    label < 0 ? "none" : isRight(label, hit) ? "right" : "wrong",
  );
  return { ofHit, particleOfTrack };
}
