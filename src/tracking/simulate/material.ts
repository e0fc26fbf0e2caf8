/**
 * What matter does to a charged particle: multiple scattering by Highland's formula (Lynch & Dahl
 * 1991, doi:10.1016/0168-583X(91)95671-Y), mean energy loss by Bethe's, and now and then the end.
 */

import { hypot, log } from "../portableMath.ts";
import { normal, type Rng } from "../random.ts";
import type { State } from "./helix.ts";
import type { Surface } from "./layers.ts";

/** Thickness of a layer in radiation lengths, crossed straight: sensor, support, cooling and cables. */
export const layerThickness = (volume: number): number => (volume <= 9 ? 0.017 : 0.02);

/** Matter without sensors: beam pipe and the tubes that carry pixels and strips. */
export interface PassiveSurface extends Surface {
  readonly thickness: number;
}
export const passiveSurfaces: readonly PassiveSurface[] = [
  { shape: "cylinder", at: 19, low: -3000, high: 3000, thickness: 0.006 },
  { shape: "cylinder", at: 36, low: -500, high: 500, thickness: 0.01 },
  { shape: "cylinder", at: 200, low: -3000, high: 3000, thickness: 0.02 },
];

const siliconLength = 93.7; // mm of silicon that are a radiation length
/** Tracker supports are mostly carbon: a nuclear interaction length is about two and a half radiation lengths. */
const radiationLengthsPerInteraction = 2.5;

export interface Species {
  readonly type: number; // PDG code
  readonly mass: number; // GeV
  readonly q: number;
  readonly isHadron: boolean;
}

/** Changes of direction in each of two planes, standard deviation in rad, after `depth` radiation lengths. */
export function scatteringAngle(p: number, { mass, q }: Species, depth: number): number {
  const beta = p / hypot(p, mass);
  return (0.0136 / (beta * p)) * Math.abs(q) * Math.sqrt(depth) * (1 + 0.038 * log(depth));
}

const electronMass = 0.00051099895; // GeV
const excitation = 173e-9; // GeV, of silicon
const bethe = 0.307075e-3 * 0.49848 * 2.329 * 0.1; // K · Z/A · density of silicon, GeV / mm

/** Mean energy lost, GeV, in matter that weighs like `depth` radiation lengths of silicon. */
export function energyLoss(p: number, { mass, q }: Species, depth: number): number {
  const [betaGamma, gamma] = [p / mass, hypot(p, mass) / mass];
  const betaSquare = (betaGamma * betaGamma) / (gamma * gamma);
  const ratio = electronMass / mass;
  const most = (2 * electronMass * betaGamma * betaGamma) / (1 + 2 * gamma * ratio + ratio * ratio);
  const inLog = (2 * electronMass * betaGamma * betaGamma * most) / (excitation * excitation);
  const stopping = (bethe * q * q * (0.5 * log(Math.max(inLog, 1)) - betaSquare)) / betaSquare;
  return Math.max(stopping, 0) * depth * siliconLength;
}

export const interactionProbability = (depth: number): number =>
  Math.min(1, depth / radiationLengthsPerInteraction);

export interface MatterOptions {
  readonly scattering: boolean;
  readonly energyLoss: boolean;
}

/** The state behind `depth` radiation lengths: turned by two Gaussian angles, slower; undefined if it stops. */
export function afterMatter(
  state: State,
  species: Species,
  depth: number,
  { scattering, energyLoss: isSlowed }: MatterOptions,
  rng: Rng,
): State | undefined {
  const p = hypot(state.px, state.py, state.pz);
  const energy = hypot(p, species.mass) - (isSlowed ? energyLoss(p, species, depth) : 0);
  const left = energy * energy - species.mass * species.mass;
  if (!(energy > species.mass && left > 1e-4)) return undefined; // below 10 MeV it goes nowhere
  const angle = scattering ? scatteringAngle(p, species, depth) : 0;
  const turned = angle > 0 ? deflect(state, angle * normal(rng), angle * normal(rng)) : state;
  const scale = Math.sqrt(left) / hypot(turned.px, turned.py, turned.pz);
  return { ...state, px: turned.px * scale, py: turned.py * scale, pz: turned.pz * scale };
}

/** A momentum turned by small angles along two directions across it, one of them horizontal. */
export function deflect({ px, py, pz }: State, first: number, second: number) {
  const [p, pt] = [hypot(px, py, pz), hypot(px, py)];
  const [ax, ay] = [-py / pt, px / pt];
  const [bx, by, bz] = [(-pz * ay) / p, (pz * ax) / p, (px * ay - py * ax) / p];
  return {
    px: px + p * (first * ax + second * bx),
    py: py + p * (first * ay + second * by),
    pz: pz + p * second * bz,
  };
}
