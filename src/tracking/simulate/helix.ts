/**
 * A charged particle in a uniform field along z: position, momentum, and where it comes through a surface.
 *
 * The way is measured in the transverse plane: t mm of it turn the momentum by ωt, ω = −q·k·B / pt, so
 *
 *   x(t) = x + ux·sin(ωt)/ω − uy·(1 − cos ωt)/ω      u = (px, py) / pt
 *   y(t) = y + uy·sin(ωt)/ω + ux·(1 − cos ωt)/ω
 *   z(t) = z + t·pz/pt
 */
import { acos, atan2, hypot, sinCos } from "../portableMath.ts";

/** Where a particle is and how it moves; mm and GeV. */
export interface State {
  readonly x: number;
  readonly y: number;
  readonly z: number;
  readonly px: number;
  readonly py: number;
  readonly pz: number;
}

/** GeV of transverse momentum that a field of 1 T bends, at charge 1, to a radius of 1 mm. */
export const gevPerTeslaMm = 0.000299792458;

export interface Helix extends State {
  readonly pt: number;
  readonly turn: number; // ω, rad of azimuth a mm
}

/** The way on from `state`, for charge q in a field of `field` T along z. */
export function helixOf(state: State, q: number, field: number): Helix {
  const pt = hypot(state.px, state.py);
  return { ...state, pt, turn: (-q * gevPerTeslaMm * field) / pt };
}

/** The state t mm further on. */
export function advance({ x, y, z, px, py, pz, pt, turn }: Helix, t: number): State {
  const angle = turn * t;
  const [ux, uy] = [px / pt, py / pt];
  const [sin, cos] = sinCos(angle);
  const isShort = Math.abs(angle) < 1e-4; // below, 1 − cos loses digits and the next term is 1e-17
  const along = isShort ? t * (1 - (angle * angle) / 6) : sin / turn;
  const aside = isShort ? (t * angle) / 2 : (1 - cos) / turn;
  return {
    x: x + ux * along - uy * aside,
    y: y + uy * along + ux * aside,
    z: z + (t * pz) / pt,
    px: px * cos - py * sin,
    py: py * cos + px * sin,
    pz,
  };
}

const straight = 1e-9; // rad / mm: bends by less than a nm over the whole detector

/**
 * Ways t > `after` to the cylinder of radius r around the z axis: the first, or infinity. What
 * all cylinders share is computed once.
 */
export function toCylinder(helix: Helix): (r: number, after: number) => number {
  const { x, y, px, py, pt, turn } = helix;
  const [ux, uy] = [px / pt, py / pt];
  const inside = x * x + y * y;
  if (Math.abs(turn) < straight) {
    const along = x * ux + y * uy;
    return (r, after) => {
      const square = along * along - inside + r * r;
      if (square < 0) return Infinity;
      const [near, far] = [-along - Math.sqrt(square), -along + Math.sqrt(square)];
      if (near > after) return near;
      return far > after ? far : Infinity;
    };
  }
  const [toX, toY] = [uy / turn, -ux / turn]; // from the center of the circle to the particle
  const [centerX, centerY] = [x - toX, y - toY];
  const [radius, distance] = [1 / Math.abs(turn), hypot(centerX, centerY)];
  // angles at the center, counted from the direction away from the axis, the way the particle goes
  const start =
    atan2(centerX * toY - centerY * toX, centerX * toX + centerY * toY) * Math.sign(turn);
  const squares = distance * distance + radius * radius;
  return (r, after) => {
    const cos = (r * r - squares) / (2 * distance * radius);
    if (!(Math.abs(cos) <= 1)) return Infinity;
    const half = acos(cos);
    const [one, two] = [half - start, -half - start].map(
      (angle) => radius * positive(angle, after / radius),
    );
    return Math.min(one, two);
  };
}

/** The angle between `after` and a turn later that points the same way. */
const positive = (angle: number, after: number): number =>
  angle - 2 * Math.PI * Math.floor((angle - after) / (2 * Math.PI));

/** The way to the plane at z, or infinity if it lies behind. */
export function toDisk({ z, pz, pt }: Helix, diskZ: number, after: number): number {
  const t = ((diskZ - z) * pt) / pz;
  return t > after ? t : Infinity;
}

/** A plane through a point, with its unit normal. */
export interface Plane {
  readonly center: readonly [number, number, number];
  readonly normal: readonly [number, number, number];
}

/**
 * The state on a plane near the way `guess`, by Newton's method to 1e-9 mm; undefined where the
 * particle runs along the plane and no step helps.
 */
export function onPlane(helix: Helix, { center, normal }: Plane, guess: number): State | undefined {
  let t = guess;
  for (let step = 0; step < 8; step++) {
    const state = advance(helix, t);
    const height =
      (state.x - center[0]) * normal[0] +
      (state.y - center[1]) * normal[1] +
      (state.z - center[2]) * normal[2];
    if (Math.abs(height) < 1e-9) return state;
    const slope = (state.px * normal[0] + state.py * normal[1] + state.pz * normal[2]) / helix.pt;
    t -= height / slope;
    if (!(Math.abs(t - guess) < 200)) return undefined; // far from the layer it was looked for in
  }
  return undefined;
}
