/**
 * Domain decomposition: hits of an event in sixteen parts by direction, four bins of the polar angle θ and
 * four of the azimuth φ, each small enough for a transformer (Transformer Regressor, arXiv:2407.07179).
 */
const thetaEdges = [0, 0.3, 1.45, 2.8, Math.PI];
const phiEdges = [-Math.PI, -1.57, 0, 1.57, Math.PI];

export interface DecomposeOptions {
  readonly overlap?: number; // rad by which each bin reaches into its neighbors: 0
  /** As published: a hit exactly on the beam line at θ = π is in no part. */
  readonly compat?: boolean;
}

/** Rows of the hits in each of the parts, u32 lists; part = bin of φ · 4 + bin of θ, hits in their order. */
export function decompose(
  { x, y, z }: Readonly<Record<"x" | "y" | "z", ArrayLike<number>>>,
  { overlap = 0, compat = false }: DecomposeOptions = {},
): Uint32Array[] {
  const rows = Array.from(x, (_, hit) => hit);
  const theta = rows.map((hit) => Math.acos(z[hit] / Math.hypot(x[hit], y[hit], z[hit])));
  const phi = rows.map((hit) => Math.atan2(y[hit], x[hit]));
  const last = thetaEdges.length - 2;
  const inTheta = (value: number, bin: number) => {
    const isLastEdge = !compat && bin === last && value === Math.PI;
    return isLastEdge || isBetween(value, thetaEdges[bin] - overlap, thetaEdges[bin + 1] + overlap);
  };
  return Array.from({ length: (last + 1) * (last + 1) }, (_, part) => {
    const [phiBin, thetaBin] = [Math.floor(part / (last + 1)), part % (last + 1)];
    const isIn = (hit: number) => inPhi(phi[hit], phiBin, overlap) && inTheta(theta[hit], thetaBin);
    return Uint32Array.from(rows.filter(isIn));
  });
}

const isBetween = (value: number, low: number, high: number) => value >= low && value < high;

/** The first and the last bin are neighbors, at ±π. */
function inPhi(value: number, bin: number, overlap: number): boolean {
  const last = phiEdges.length - 2;
  if (bin === 0) return value < phiEdges[1] + overlap || value > Math.PI - overlap;
  if (bin === last) return value >= phiEdges[last] - overlap || value < -Math.PI + overlap;
  return isBetween(value, phiEdges[bin] - overlap, phiEdges[bin + 1] + overlap);
}

/** Largest share of its hits that each particle has in a single part: mean and standard deviation over particles. */
export function decompositionQuality(
  parts: readonly Uint32Array[],
  particle: ArrayLike<number>,
): { mean: number; std: number } {
  const total = countsOf(Array.from(particle));
  const most = new Map<number, number>();
  for (const part of parts)
    for (const [p, count] of countsOf(Array.from(part, (hit) => particle[hit])))
      most.set(p, Math.max(most.get(p) ?? 0, count));
  const shares = [...total].map(([p, count]) => (most.get(p) ?? 0) / count);
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
  const squares = shares.reduce((sum, share) => sum + (share - mean) ** 2, 0);
  return { mean, std: Math.sqrt(squares / shares.length) };
}

function countsOf(values: readonly number[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}
