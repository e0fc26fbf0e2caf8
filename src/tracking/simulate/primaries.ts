/**
 * What collisions make: where, how many, of which kind and with which momenta.
 *
 * Shapes and constants are fits to the particle tables of real TrackML events (arXiv:1904.06778):
 * flat in eta up to 4, Hagedorn's law in pt, about fifty charged particles a collision.
 */
import { exp, hypot, pow, sinCos } from "../portableMath.ts";
import { exponential, normal, type Rng } from "../random.ts";
import type { State } from "./helix.ts";
import type { Species } from "./material.ts";

export const species = {
  pion: { type: 211, mass: 0.13957, q: 1, isHadron: true },
  kaon: { type: 321, mass: 0.49368, q: 1, isHadron: true },
  proton: { type: 2212, mass: 0.93827, q: 1, isHadron: true },
  electron: { type: -11, mass: 0.00051099895, q: 1, isHadron: false },
  muon: { type: -13, mass: 0.10566, q: 1, isHadron: false },
} as const satisfies Record<string, Species>;

const antiparticle = ({ type, q, ...same }: Species): Species => ({ ...same, type: -type, q: -q });

const mixture: readonly [Species, upTo: number][] = [
  [species.pion, 0.827],
  [species.kaon, 0.918],
  [species.proton, 0.992],
  [species.electron, 0.998],
  [species.muon, 1],
];

export function drawSpecies(rng: Rng): Species {
  const share = rng();
  const [kind] = mixture.find(([, upTo]) => share < upTo) ?? mixture[0];
  return rng() < 0.5 ? kind : antiparticle(kind);
}

export interface SpectrumOptions {
  readonly minPt: number; // GeV
  readonly maxEta: number;
}

// of Hagedorn's law dN/dpt ∝ pt · (1 + pt / p0) to the −n, with p0 = n · 0.14 GeV
const [steepness, scale] = [6, 0.84];

/** The share of particles above pt. */
function shareAbove(pt: number): number {
  const x = pt / scale;
  return (1 + (steepness - 1) * x) / pow(1 + x, steepness - 1);
}

/** pt above `minPt`: the share above is inverted by halving intervals, to 1e-12 of the value. */
export function drawPt(rng: Rng, minPt: number): number {
  const share = (1 - rng()) * shareAbove(minPt);
  let [low, high] = [minPt, 2 * minPt + scale];
  while (shareAbove(high) > share) [low, high] = [high, 2 * high];
  for (let step = 0; step < 40; step++) {
    const middle = (low + high) / 2;
    if (shareAbove(middle) > share) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** A momentum: pt by its law, flat in eta and azimuth. */
export function drawMomentum(rng: Rng, { minPt, maxEta }: SpectrumOptions) {
  const pt = drawPt(rng, minPt);
  const e = exp(maxEta * (2 * rng() - 1));
  const [sin, cos] = sinCos(2 * Math.PI * rng());
  return { px: pt * cos, py: pt * sin, pz: (pt * (e - 1 / e)) / 2 }; // sinh eta
}

export interface BeamSpot {
  readonly sigmaXy: number; // mm
  readonly sigmaZ: number;
}

export type Vertex = Pick<State, "x" | "y" | "z">;

export const drawVertex = (rng: Rng, { sigmaXy, sigmaZ }: BeamSpot): Vertex => ({
  x: sigmaXy * normal(rng),
  y: sigmaXy * normal(rng),
  z: sigmaZ * normal(rng),
});

const meanMultiplicity = 50; // charged particles within the default cuts; about exponential

/** How many particles a collision makes. */
export const drawMultiplicity = (rng: Rng): number =>
  Math.floor(meanMultiplicity * exponential(rng) + 0.5);

// K0 and Λ: so many particles start where a neutral one decayed, this far out on the mean
const [decayShare, decayLength] = [0.087, 35]; // mm

/** Where a particle starts that may come from a decay in flight, as the tables count it. */
export function drawOrigin(
  rng: Rng,
  vertex: Vertex,
  { px, py, pz }: Pick<State, "px" | "py" | "pz">,
): Vertex {
  if (rng() >= decayShare) return vertex;
  const flight = (decayLength * exponential(rng)) / hypot(px, py);
  const [sin, cos] = sinCos(0.3 * normal(rng)); // it flew about where its decay product goes
  return {
    x: vertex.x + flight * (px * cos - py * sin),
    y: vertex.y + flight * (py * cos + px * sin),
    z: vertex.z + flight * pz,
  };
}

// isotropic, about 0.27 GeV, with a small push along what hit the nucleus
const [fermiMomentum, push] = [0.175, 0.04];

/** What a nuclear interaction sends out: momenta of a nucleus, a bit along the particle that hit it. */
export function drawFragment(rng: Rng, parent: State): { kind: Species; state: State } {
  const p = hypot(parent.px, parent.py, parent.pz);
  const component = (of: number) => fermiMomentum * normal(rng) + (push * of) / p;
  const share = rng();
  const kind =
    share < 0.46 ? species.proton : share < 0.73 ? species.pion : antiparticle(species.pion);
  const { x, y, z } = parent;
  const [px, py, pz] = [component(parent.px), component(parent.py), component(parent.pz)];
  return { kind, state: { x, y, z, px, py, pz } };
}
