/** One particle from where it starts to where it leaves: the modules it passes, what matter does to it. */
import { atan2, hypot } from "../portableMath.ts";
import { poisson, type Rng } from "../random.ts";
import { advance, type Helix, helixOf, onPlane, type State, toCylinder, toDisk } from "./helix.ts";
import type { Layer, Module, Surface } from "./layers.ts";
import {
  afterMatter,
  interactionProbability,
  layerThickness,
  passiveSurfaces,
  type Species,
} from "./material.ts";
import { drawFragment } from "./primaries.ts";

/** Where a particle went through a module: its state there, and the place on the module in mm. */
export interface Crossing {
  readonly module: Module;
  readonly state: State;
  readonly u: number;
  readonly v: number;
}

export interface Fragment {
  readonly kind: Species;
  readonly state: State;
}

export interface Passage {
  readonly crossings: readonly Crossing[];
  readonly fragments: readonly Fragment[]; // of the nuclear interaction that ended it, if one did
}

export interface TransportOptions {
  readonly field: number; // T, along z
  readonly scattering: boolean;
  readonly energyLoss: boolean;
  readonly secondaries: boolean; // nuclear interactions happen
}

/** What can be crossed, and how thick it is. */
export interface Obstacle {
  readonly surface: Surface;
  readonly layer: Layer | undefined; // none: no sensors
  readonly thickness: number;
}

export const obstaclesOf = (layers: readonly Layer[]): Obstacle[] => [
  ...layers.map((layer) => ({ surface: layer, layer, thickness: layerThickness(layer.volume) })),
  ...passiveSurfaces.map((surface) => ({
    surface,
    layer: undefined,
    thickness: surface.thickness,
  })),
];

const leastStep = 1; // mm: no surface is crossed again sooner
const mostTurn = Math.PI; // slow particles curl up; later turns are not followed
const meanFragments = 0.9; // beyond the first

export function transport(
  start: State,
  kind: Species,
  obstacles: readonly Obstacle[],
  options: TransportOptions,
  rng: Rng,
): Passage {
  const crossings: Crossing[] = [];
  let state = start;
  for (let turned = 0, after = 0; ; after = leastStep) {
    const helix = helixOf(state, kind.q, options.field);
    const next = nearest(helix, obstacles, after);
    if (!next) break;
    turned += Math.abs(helix.turn) * next.t;
    if (turned > mostTurn) break;
    const { layer, surface, thickness } = next.obstacle;
    const here = advance(helix, next.t);
    if (layer) crossings.push(...modulesPassed(helix, layer, here, next.t));
    const depth = thickness / slant(here, surface);
    if (options.secondaries && kind.isHadron && rng() < interactionProbability(depth)) {
      const fragments = Array.from({ length: 1 + poisson(rng, meanFragments) }, () =>
        drawFragment(rng, here),
      );
      return { crossings, fragments };
    }
    const left = afterMatter(here, kind, depth, options, rng);
    if (!left) break;
    state = left;
  }
  return { crossings, fragments: [] };
}

/** The obstacle that comes first, within its bounds, and the way to it. */
function nearest(helix: Helix, obstacles: readonly Obstacle[], after: number) {
  const cylinder = toCylinder(helix);
  let [first, least]: [Obstacle | undefined, number] = [undefined, Infinity];
  for (const obstacle of obstacles) {
    const { shape, at, low, high } = obstacle.surface;
    const t = shape === "cylinder" ? cylinder(at, after) : toDisk(helix, at, after);
    if (!(t < least)) continue;
    const other = shape === "cylinder" ? zAfter(helix, t) : radiusAfter(helix, t);
    if (other >= low && other <= high) [first, least] = [obstacle, t];
  }
  return first && { obstacle: first, t: least };
}

const zAfter = ({ z, pz, pt }: Helix, t: number) => z + (t * pz) / pt;
function radiusAfter(helix: Helix, t: number): number {
  const { x, y } = advance(helix, t);
  return hypot(x, y);
}

/** The cosine of the angle at which a surface is crossed; grazing particles are taken to see ten times the depth. */
function slant({ x, y, px, py, pz }: State, { shape, at }: Surface): number {
  const across = shape === "disk" ? pz : (px * x + py * y) / at;
  return Math.max(0.1, Math.abs(across) / hypot(px, py, pz));
}

/** Modules of a layer that the particle goes through near where it crosses the layer's surface. */
function modulesPassed(helix: Helix, layer: Layer, { x, y, z }: State, t: number): Crossing[] {
  const other = layer.shape === "cylinder" ? z : hypot(x, y);
  return layer.modulesAt(atan2(y, x), other).flatMap((module) => {
    const state = onPlane(helix, module, t);
    if (!state) return [];
    const [dx, dy, dz] = [
      state.x - module.center[0],
      state.y - module.center[1],
      state.z - module.center[2],
    ];
    const u = dx * module.u[0] + dy * module.u[1] + dz * module.u[2];
    const v = dx * module.v[0] + dy * module.v[1] + dz * module.v[2];
    return isOn(module, u, v) ? [{ module, state, u, v }] : [];
  });
}

/** Modules are trapezoids: wider towards +v. */
function isOn({ shortHalf, longHalf, halfLength }: Module, u: number, v: number): boolean {
  if (Math.abs(v) > halfLength) return false;
  const share = (v + halfLength) / (2 * halfLength);
  return Math.abs(u) <= shortHalf + (longHalf - shortHalf) * share;
}
