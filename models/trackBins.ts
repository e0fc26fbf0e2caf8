/** Classes of tracks: bins of the parameters that the Transformer Regressor regresses. */
import type { HitSequence } from "../src/tracking/sequence.ts";
import type { RegressorDataType } from "./publishedRegressors.ts";
import type { RegressorSample } from "./regressorSamples.ts";

/** Which parameters are binned: sine and cosine are one angle. */
export const binnedParameters = {
  "2d": ["slope"],
  linear: ["theta", "phi"],
  curved: ["radial_coeff", "pitch_coeff", "azimuthal_coeff"],
  trackml: ["theta", "phi", "q"],
} as const satisfies Record<RegressorDataType, readonly string[]>;

/** How many bins the published classifiers have in all: 5000 of REDVID sets, 1800 of TrackML with 10 to 50 tracks. */
export const publishedBins: Record<RegressorDataType, readonly number[]> = {
  "2d": [5000],
  linear: [50, 100],
  curved: [50, 50, 2],
  trackml: [30, 30, 2],
};

/** Where bins of each parameter meet, ascending. */
export type TrackBins = readonly (readonly number[])[];

export const numClasses = (bins: TrackBins): number =>
  bins.reduce((product, edges) => product * (edges.length + 1), 1);

/**
 * Bins with equally many hits each, over all hits with a track; `counts` are bins per parameter. A
 * parameter with no more values than bins, like a charge, has one bin per value.
 */
export function quantileBins(
  samples: readonly RegressorSample[],
  counts: readonly number[],
  type: RegressorDataType,
): TrackBins {
  const columns = binnedParameters[type].map((): number[] => []);
  for (const { targets } of samples)
    for (let hit = 0; hit < targets.numHits; hit++) {
      const values = binnedValues(targets, hit, type);
      if (Number.isNaN(values[0])) continue; // of no track
      for (const [c, column] of columns.entries()) column.push(values[c]);
    }
  return columns.map((column, c) => quantileEdges(Float64Array.from(column).sort(), counts[c]));
}

/** Between neighboring values, so that no value lies on an edge. */
function quantileEdges(sorted: Float64Array, count: number): number[] {
  const distinct = sorted.filter((value, i) => i === 0 || value !== sorted[i - 1]);
  const between = (i: number) => (distinct[i - 1] + distinct[i]) / 2;
  if (distinct.length <= count)
    return Array.from({ length: Math.max(0, distinct.length - 1) }, (_, i) => between(i + 1));
  const edges = new Set<number>();
  for (let bin = 1; bin < count; bin++) {
    const value = sorted[Math.floor((bin * sorted.length) / count)];
    edges.add(between(Math.max(1, below(distinct, value))));
  }
  return [...edges];
}

/** Class of a hit's track, row-major over the parameters; NaN for a hit of no track. */
export function trackClass(
  bins: TrackBins,
  targets: HitSequence,
  hit: number,
  type: RegressorDataType,
): number {
  const values = binnedValues(targets, hit, type);
  if (Number.isNaN(values[0])) return Number.NaN;
  return bins.reduce((index, edges, p) => index * (edges.length + 1) + below(edges, values[p]), 0);
}

/** The same samples, to learn classes: one target per hit, its class. */
export const classSamples = (
  samples: readonly RegressorSample[],
  bins: TrackBins,
  type: RegressorDataType,
): RegressorSample[] =>
  samples.map((sample) => {
    const { targets } = sample;
    const { numHits } = targets;
    const features = Float32Array.from({ length: numHits }, (_, hit) =>
      trackClass(bins, targets, hit, type),
    );
    return { ...sample, targets: { features, numHits, numFeatures: 1 } };
  });

function binnedValues(
  { features, numFeatures }: HitSequence,
  hit: number,
  type: RegressorDataType,
): number[] {
  const row = features.subarray(hit * numFeatures, (hit + 1) * numFeatures);
  if (type !== "trackml" && type !== "linear") return [...row];
  const [theta, sinPhi, cosPhi, ...rest] = row;
  return [theta, Math.atan2(sinPhi, cosPhi), ...rest];
}

/** How many of the ascending numbers are below the value. */
function below(sorted: ArrayLike<number>, value: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
