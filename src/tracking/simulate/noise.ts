import { sinCos } from "../portableMath.ts";
import type { Rng } from "../random.ts";
import { digitize } from "./digitize.ts";
import type { SimulatedHit } from "./eventOf.ts";
import type { Module } from "./layers.ts";

/** GeV: what the truth of the challenge gives as the momentum behind a noise hit, so that cuts on pt keep it. */
const placeholderMomentum = 1e6;

/**
 * Hits of no particle, so many that they are `share` of all. Every module is as likely as the next, as
 * in the real events; the cells are those of something passing in a random direction.
 */
export function noiseHits(
  numHits: number,
  share: number,
  modules: readonly Module[],
  rng: Rng,
): SimulatedHit[] {
  const count = Math.round((numHits * share) / (1 - share));
  return Array.from({ length: count }, () => {
    const module = modules[Math.floor(rng() * modules.length)];
    const [a, b] = [2 * rng() - 1, 2 * rng() - 1];
    const halfWidth = module.shortHalf + ((module.longHalf - module.shortHalf) * (b + 1)) / 2;
    const [u, v] = [a * halfWidth, b * module.halfLength];
    const along = 0.5 + 0.5 * rng(); // cosine to the normal
    const [sin, cos] = sinCos(2 * Math.PI * rng());
    const aside = Math.sqrt(1 - along * along);
    const local = [aside * cos, aside * sin, along];
    const component = (k: 0 | 1 | 2) =>
      placeholderMomentum *
      (local[0] * module.u[k] + local[1] * module.v[k] + local[2] * module.normal[k]);
    const position = (k: 0 | 1 | 2) => module.center[k] + u * module.u[k] + v * module.v[k];
    const [x, y, z] = [position(0), position(1), position(2)];
    const state = { x, y, z, px: component(0), py: component(1), pz: component(2) };
    return { module, state, particle: undefined, cluster: digitize({ module, state, u, v }, rng) };
  });
}
