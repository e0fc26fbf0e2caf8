/**
 * How well the parameters of found tracks agree with those of their particles.
 *
 *   residual = reconstructed − true,   pull = residual / estimated σ
 *
 * Lengths mm, momenta GeV, angles rad. Row t of the truth belongs to row t of the reconstruction:
 * `matchedTracks` says who belongs together.
 */
import { ShapeError } from "../../engine/errors.ts";
import { type ResidualStatistics, residualStatistics, widthError } from "./residualStatistics.ts";
import { isGood, type TrackTable } from "./trackmlScore.ts";

/** Tracks at their closest approach to the beam, [T] each. */
export interface PerigeeParameters {
  readonly phi: ArrayLike<number>;
  readonly theta: ArrayLike<number>; // 0 … π
  readonly qOverPt: ArrayLike<number>; // 1/GeV
  readonly d0: ArrayLike<number>;
  readonly z0: ArrayLike<number>;
}

type Residual = (truth: PerigeeParameters, reco: PerigeeParameters, t: number) => number;

const difference =
  (value: (tracks: PerigeeParameters, t: number) => number): Residual =>
  (truth, reco, t) =>
    value(reco, t) - value(truth, t);

/** One row per quantity that is reported. */
const residualOf = {
  phi: (truth, reco, t) => wrapAngle(reco.phi[t] - truth.phi[t]),
  theta: difference(({ theta }, t) => theta[t]),
  qOverPt: difference(({ qOverPt }, t) => qOverPt[t]),
  d0: difference(({ d0 }, t) => d0[t]),
  z0: difference(({ z0 }, t) => z0[t]),
  cotTheta: difference(({ theta }, t) => 1 / Math.tan(theta[t])),
  eta: difference(({ theta }, t) => -Math.log(Math.tan(theta[t] / 2))),
  /** pt / pt_true − 1 */
  relativePt: (truth, reco, t) => Math.abs(truth.qOverPt[t]) / Math.abs(reco.qOverPt[t]) - 1,
} satisfies Record<string, Residual>;

export type ResidualName = keyof typeof residualOf;
export type TrackResolution = Record<ResidualName, ResidualStatistics>;
const names = Object.keys(residualOf) as ResidualName[];

/** Residuals of every quantity, f64 [T] each. */
export function trackResiduals(
  truth: PerigeeParameters,
  reco: PerigeeParameters,
): Record<ResidualName, Float64Array> {
  const tracks = { length: numTracksOf(truth, reco) };
  return forEachName((name) =>
    Float64Array.from(tracks, (_, t) => residualOf[name](truth, reco, t)),
  );
}

/** Statistics of the residuals of every quantity. */
export function trackResolution(
  truth: PerigeeParameters,
  reco: PerigeeParameters,
): TrackResolution {
  const residuals = trackResiduals(truth, reco);
  return forEachName((name) => residualStatistics(residuals[name]));
}

/** Statistics of residuals in units of their estimated errors, sigma [T]; a good estimate gives σ = 1. */
export function pullStatistics(
  residuals: ArrayLike<number>,
  sigma: ArrayLike<number>,
): ResidualStatistics {
  if (residuals.length !== sigma.length)
    throw new ShapeError(
      `pullStatistics(sigma): expected [${residuals.length}], like residuals, got [${sigma.length}]`,
    );
  return residualStatistics(Float64Array.from(residuals, (residual, t) => residual / sigma[t]));
}

/** Tracks with low ≤ value < high, and the statistical errors of their widths. */
export interface BinnedResolution {
  readonly low: number;
  readonly high: number;
  readonly statistics: ResidualStatistics;
  readonly stdError: number;
  readonly coreStdError: number;
}

/** Residuals [T] in bins of something true, such as pt or η: values [T], edges ascending. */
export function resolutionInBins(
  residuals: ArrayLike<number>,
  values: ArrayLike<number>,
  edges: readonly number[],
): BinnedResolution[] {
  if (residuals.length !== values.length)
    throw new ShapeError(
      `resolutionInBins(values): expected [${residuals.length}], like residuals, got [${values.length}]`,
    );
  return edges.slice(0, -1).map((low, bin) => {
    const high = edges[bin + 1];
    const isInside = (_: number, t: number) => values[t] >= low && values[t] < high;
    const statistics = residualStatistics(Float64Array.from(residuals).filter(isInside));
    const { std, num, coreStd, coreNum } = statistics;
    return {
      low,
      high,
      statistics,
      stdError: widthError(std, num),
      coreStdError: widthError(coreStd, coreNum),
    };
  });
}

/** Share of tracks that bend the wrong way; NaN without tracks. */
export function chargeFlipRate(
  truth: ArrayLike<number>, // q/pt
  reco: ArrayLike<number>,
): number {
  const isFlipped = Array.from(truth, (value, t) => Math.sign(value) !== Math.sign(reco[t]));
  return isFlipped.filter(Boolean).length / truth.length;
}

/** Which track belongs to which particle: double majorities (TrackML's good tracks), noise left out. */
export function matchedTracks(table: TrackTable): { track: Float64Array; particle: Float64Array } {
  const isMatched = (_: number, t: number) => isGood(table, t) && table.particle[t] > 0;
  return { track: table.track.filter(isMatched), particle: table.particle.filter(isMatched) };
}

/** The same angle in −π … π, π left out. */
const wrapAngle = (angle: number): number =>
  angle - 2 * Math.PI * Math.floor((angle + Math.PI) / (2 * Math.PI));

const forEachName = <T>(value: (name: ResidualName) => T): Record<ResidualName, T> =>
  Object.fromEntries(names.map((name) => [name, value(name)])) as Record<ResidualName, T>;

function numTracksOf(truth: PerigeeParameters, reco: PerigeeParameters): number {
  const numTracks = truth.phi.length;
  for (const [what, tracks] of Object.entries({ truth, reco }))
    for (const name of ["phi", "theta", "qOverPt", "d0", "z0"] as const)
      if (tracks[name].length !== numTracks)
        throw new ShapeError(
          `trackResolution(${what}.${name}): expected [${numTracks}], like truth.phi, ` +
            `got [${tracks[name].length}]`,
        );
  return numTracks;
}
