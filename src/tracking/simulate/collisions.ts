/** The particles of an event before they meet the detector: those of its collisions, and of interactions. */
import { encodeParticleId, type ParticleIdFields } from "../metrics/trackmlWeights.ts";
import { asinh, hypot } from "../portableMath.ts";
import type { Rng } from "../random.ts";
import type { State } from "./helix.ts";
import type { Species } from "./material.ts";
import {
  type BeamSpot,
  drawMomentum,
  drawMultiplicity,
  drawOrigin,
  drawSpecies,
  drawVertex,
  type SpectrumOptions,
} from "./primaries.ts";
import type { Fragment } from "./transport.ts";

export interface BornParticle {
  readonly fields: ParticleIdFields;
  readonly kind: Species;
  readonly state: State; // where and how it starts
}

export const idOf = ({ fields }: BornParticle): bigint => encodeParticleId(fields);

export interface CollisionOptions extends SpectrumOptions {
  readonly pileup: number;
  readonly particles: number | undefined;
  readonly beamSpot: BeamSpot;
  readonly decays: boolean;
}

const nuclear = 1; // process of a particle id; 0: from the collision

/** Charged particles of all collisions, a random number of each, or `particles` spread over them. */
export function primaries(options: CollisionOptions, rng: Rng): BornParticle[] {
  const { pileup, particles, beamSpot, decays } = options;
  const vertices = Array.from({ length: pileup }, () => drawVertex(rng, beamSpot));
  const counts = vertices.map(() => (particles === undefined ? drawMultiplicity(rng) : 0));
  for (let p = 0; p < (particles ?? 0); p++) counts[Math.floor(rng() * pileup)]++;
  return vertices.flatMap((vertex, v) =>
    Array.from({ length: counts[v] }, (_, p) => {
      const kind = drawSpecies(rng);
      const momentum = drawMomentum(rng, options);
      const origin = decays ? drawOrigin(rng, vertex, momentum) : vertex;
      const fields = { vertex: v + 1, primary: p + 1, generation: 0, secondary: 0, process: 0 };
      return { fields, kind, state: { ...origin, ...momentum } };
    }),
  );
}

/** Fragments fast and central enough to be followed, numbered as the secondaries after `known` others. */
export function secondaries(
  fragments: readonly Fragment[],
  { fields }: BornParticle,
  known: number,
  { minPt, maxEta }: SpectrumOptions,
): BornParticle[] {
  const isFollowed = ({ state: { px, py, pz } }: Fragment) => {
    const pt = hypot(px, py);
    return pt >= minPt && Math.abs(asinh(pz / pt)) <= maxEta;
  };
  return fragments.filter(isFollowed).map((fragment, f) => ({
    ...fragment,
    fields: {
      ...fields,
      generation: fields.generation + 1,
      secondary: known + f + 1,
      process: nuclear,
    },
  }));
}
