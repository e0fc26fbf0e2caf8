/** What follows from the display's columns: coordinates, matches, and which hits a cut leaves. */
import {
  type Display,
  type HitMatches,
  hitMatches,
  type LineOfHits,
  linesOf,
} from "../../../tracking/display/index.ts";
import { anyEta, type Settings } from "./settings.ts";

export interface Hits {
  readonly display: Display;
  readonly numHits: number;
  readonly r: Float32Array;
  readonly phi: Float32Array;
  readonly eta: Float32Array;
  /** Undefined without truth or without tracks. */
  readonly matches: HitMatches | undefined;
  readonly lines: Readonly<Record<"particle" | "track", readonly LineOfHits[]>>;
}

export function hitsOf(display: Display): Hits {
  const { position, hitId, track, hasTruth } = display;
  const numHits = hitId.length;
  const of = (value: (x: number, y: number, z: number) => number) =>
    Float32Array.from({ length: numHits }, (_, h) =>
      value(position[3 * h], position[3 * h + 1], position[3 * h + 2]),
    );
  return {
    display,
    numHits,
    r: of((x, y) => Math.hypot(x, y)),
    phi: of((x, y) => Math.atan2(y, x)),
    eta: of((x, y, z) => Math.asinh(z / Math.hypot(x, y))),
    matches: track && hasTruth ? hitMatches(track, display) : undefined,
    lines: { particle: linesOf(display, "particle"), track: linesOf(display, "track") },
  };
}

/** Rows of the hits that the settings leave, ascending. */
export function visibleHits({ display, numHits, eta }: Hits, settings: Settings): Uint32Array {
  const { particle, particles, isKnown } = display;
  const { minPt, maxEta, showNoise } = settings;
  const rows = new Uint32Array(numHits);
  let count = 0;
  for (let h = 0; h < numHits; h++) {
    const p = particle[h];
    if (p === 0 && isKnown[h] && !showNoise) continue;
    if (p > 0 && minPt > 0 && !(particles.pt[p] >= minPt)) continue;
    const ofParticle = p > 0 && !Number.isNaN(particles.eta[p]);
    if (maxEta < anyEta && !(Math.abs(ofParticle ? particles.eta[p] : eta[h]) <= maxEta)) continue;
    rows[count++] = h;
  }
  return rows.slice(0, count);
}
