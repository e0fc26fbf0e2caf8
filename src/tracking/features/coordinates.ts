/** Where a hit is, in the coordinates that models read: lengths mm, angles rad. */
import type { Hits } from "../event.ts";

const radius = (x: number, y: number): number => Math.sqrt(x * x + y * y);
const polarAngle = (x: number, y: number, z: number): number => Math.atan2(radius(x, y), z);

/** By name, from x, y, z. A row here is a feature that every configuration may name. */
export const coordinates = {
  x: (x) => x,
  y: (_x, y) => y,
  z: (_x, _y, z) => z,
  /** From the beam line. */
  r: radius,
  phi: (x, y) => Math.atan2(y, x),
  theta: polarAngle,
  /** −ln tan(θ/2); infinite on the beam line. */
  eta: (x, y, z) => -Math.log(Math.tan(polarAngle(x, y, z) / 2)),
  /** Conformal: circles through the beam line are straight lines in (u, v); 1/mm. */
  u: (x, y) => x / (x * x + y * y),
  v: (x, y) => y / (x * x + y * y),
} satisfies Record<string, (x: number, y: number, z: number) => number>;
export type CoordinateName = keyof typeof coordinates;

export const isCoordinate = (name: string): name is CoordinateName =>
  Object.hasOwn(coordinates, name);

/** One coordinate of every hit, f64 [H]. */
export function hitCoordinate(
  { x, y, z }: Pick<Hits, "x" | "y" | "z">,
  name: CoordinateName,
): Float64Array {
  const of = coordinates[name];
  return x.map((value, hit) => of(value, y[hit], z[hit]));
}
