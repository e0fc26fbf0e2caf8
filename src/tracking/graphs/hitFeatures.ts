/** What module maps know of pairs and triplets of hits. */
interface Places {
  readonly x: ArrayLike<number>; // mm
  readonly y: ArrayLike<number>;
  readonly z: ArrayLike<number>;
}

export const numPairFeatures = 4;
export const numTripletFeatures = 2;

/** z₀ where the line through both meets the beam (mm), Δφ, Δφ/Δr (rad/mm), η_a − η_b. */
export function pairFeatures({ x, y, z }: Places, a: number, b: number): readonly number[] {
  const [radiusA, radiusB] = [Math.hypot(x[a], y[a]), Math.hypot(x[b], y[b])];
  const deltaR = radiusB - radiusA;
  const turn = 2 * Math.PI;
  const angle = Math.atan2(y[b], x[b]) - Math.atan2(y[a], x[a]);
  const deltaPhi = angle - turn * Math.floor((angle + Math.PI) / turn);
  const z0 = z[a] - (radiusA * (z[b] - z[a])) / deltaR;
  const deltaEta = Math.asinh(z[a] / radiusA) - Math.asinh(z[b] / radiusB);
  return [z0, deltaPhi, deltaPhi / deltaR, deltaEta];
}

/**
 * How much the line bends at b: the difference of dz/dr before and after, and of dy/dx; 0 where neither
 * line has an extent. `compat`: as published, dx before has the other sign, so that the second is no bend.
 */
export function tripletFeatures(
  { x, y, z }: Places,
  a: number,
  b: number,
  c: number,
  compat: boolean,
): readonly number[] {
  const [radiusA, radiusB, radiusC] = [a, b, c].map((h) => Math.hypot(x[h], y[h]));
  const bend = (rise1: number, run1: number, rise2: number, run2: number) =>
    run1 === 0 && run2 === 0 ? 0 : rise1 / run1 - rise2 / run2;
  return [
    bend(z[b] - z[a], radiusB - radiusA, z[c] - z[b], radiusC - radiusB),
    bend(y[b] - y[a], compat ? x[a] - x[b] : x[b] - x[a], y[c] - y[b], x[c] - x[b]),
  ];
}
