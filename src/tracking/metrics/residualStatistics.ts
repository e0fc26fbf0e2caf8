import { ShapeError } from "../../engine/errors.ts";

/** How a sample is centred and how wide it is; NaN where it is empty. */
export interface ResidualStatistics {
  readonly num: number;
  readonly mean: number;
  readonly std: number; // population: divided by num
  readonly median: number;
  readonly iqrSigma: number; // width of the middle half, as the σ of a Gaussian
  readonly half68: number; // half the width of the middle 68.27 %
  readonly coreMean: number; // of the core: what is left when outliers beyond 3 σ are dropped
  readonly coreStd: number;
  readonly coreNum: number;
}

/** A Gaussian holds half of itself within ± 0.674 σ, and 68.27 % within ± σ. */
const iqrOfSigma = 1.3489795003921634; // 2 Φ⁻¹(¾)
const [lowQuantile, highQuantile] = [0.15865525393145707, 0.8413447460685429]; // Φ(∓1)

/** Means, widths and a core of residuals or pulls, [R]. */
export function residualStatistics(values: ArrayLike<number>): ResidualStatistics {
  const all = Float64Array.from(values);
  const bad = all.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0)
    throw new ShapeError(
      `residualStatistics: expected finite numbers, got ${all[bad]} at ${bad} (leave it out)`,
    );
  const { mean, std } = momentsOf(all);
  const core = coreOf(all);
  const { mean: coreMean, std: coreStd } = momentsOf(core);
  const sorted = all.slice().sort();
  return {
    num: all.length,
    mean,
    std,
    median: quantile(sorted, 0.5),
    iqrSigma: (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / iqrOfSigma,
    half68: (quantile(sorted, highQuantile) - quantile(sorted, lowQuantile)) / 2,
    coreMean,
    coreStd,
    coreNum: core.length,
  };
}

/** Statistical error of a width: width / √(2 num). */
export const widthError = (width: number, num: number): number => width / Math.sqrt(2 * num);

/** Drops what is farther than 3 σ from the mean, until nothing is; 20 times at most. */
function coreOf(values: Float64Array): Float64Array {
  let core = values;
  for (let round = 0; round < 20; round++) {
    const { mean, std } = momentsOf(core);
    if (std === 0) break; // squares of the smallest numbers are 0
    const kept = core.filter((value) => Math.abs(value - mean) <= 3 * std);
    if (kept.length === core.length) break;
    core = kept;
  }
  return core;
}

function momentsOf(values: Float64Array): { mean: number; std: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return { mean, std: Math.sqrt(variance) };
}

/** Linear between the sorted values around position (n − 1) q. */
function quantile(sorted: Float64Array, q: number): number {
  if (sorted.length === 0) return Number.NaN;
  const position = (sorted.length - 1) * q;
  const below = Math.floor(position);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
}
