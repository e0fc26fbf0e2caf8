import { hitsInOrder } from "../graphs/truthEdges.ts";
import type { Display } from "./display.ts";

/** The hits of one particle or track in the order in which it crossed them. */
export interface LineOfHits {
  /** Row of the particle, or label of the track. */
  readonly group: number;
  readonly hits: readonly number[];
}

/**
 * Particles or tracks of two hits and more, each in order of distance: from the particle's vertex where
 * that is known, else from the origin. A particle that turns back is cut short by this.
 */
export function linesOf(display: Display, by: "particle" | "track"): LineOfHits[] {
  const { position, particle, particles, track } = display;
  const start = (p: number): readonly number[] =>
    by === "track" || Number.isNaN(particles.vx[p])
      ? [0, 0, 0]
      : [particles.vx[p], particles.vy[p], particles.vz[p]];
  const distance = Float64Array.from(particle, (p, hit) => {
    const [x, y, z] = start(p);
    const at = 3 * hit;
    return Math.hypot(position[at] - x, position[at + 1] - y, position[at + 2] - z);
  });
  // noise and hits without a track are group 0, which has no line
  const shift = by === "track" ? 1 : 0;
  const labels = by === "track" ? (track ?? new Int32Array(particle.length).fill(-1)) : particle;
  const group = Int32Array.from(labels, (label) => label + shift);
  return [...hitsInOrder({ particle: group, distance })]
    .filter(([, hits]) => hits.length > 1)
    .map(([number, hits]) => ({ group: number - shift, hits }));
}
