import { ShapeError } from "../../engine/errors.ts";
import { type BinaryRates, checkScores, isTrueLabel, ratesOf } from "./confusion.ts";

/** The first of the best thresholds, and what it achieves. */
export interface Optimum {
  readonly value: number;
  readonly threshold: number;
}

export interface ThresholdScan {
  readonly balancedAccuracy: Optimum;
  readonly f1: Optimum;
  readonly mcc: Optimum;
  /** Where |TPR − TNR| is smallest; the value is (TPR + TNR) / 2. */
  readonly crossing: Optimum;
}

export interface ThresholdScanOptions {
  /** How many thresholds, evenly from 0 to 1. Default 200. */
  readonly numThresholds?: number;
}

/** Which threshold a classifier would best be used at: scores f32 [E], labels [E]. */
export function thresholdScan(
  scores: ArrayLike<number>,
  labels: ArrayLike<number>,
  { numThresholds = 200 }: ThresholdScanOptions = {},
): ThresholdScan {
  checkScores("thresholdScan", scores, labels);
  if (!Number.isInteger(numThresholds) || numThresholds < 2)
    throw new ShapeError(
      `thresholdScan(numThresholds): expected an integer ≥ 2, got ${numThresholds}`,
    );
  const thresholds = Float32Array.from(
    { length: numThresholds },
    (_, t) => t / (numThresholds - 1),
  );
  const rates = ratesAt(thresholds, scores, labels);
  const best = (merit: (rate: BinaryRates) => number, value = merit): Optimum => {
    const merits = rates.map(merit);
    const t = merits.indexOf(merits.reduce((a, b) => Math.max(a, b), -Infinity));
    return { value: value(rates[t]), threshold: thresholds[t] };
  };
  return {
    balancedAccuracy: best((rate) => rate.balancedAccuracy),
    f1: best((rate) => rate.f1),
    mcc: best((rate) => rate.mcc),
    crossing: best(
      (rate) => -Math.abs(rate.tpr - rate.tnr),
      (rate) => rate.balancedAccuracy,
    ),
  };
}

/** The rates at every threshold, ascending, from one pass over the scores. */
function ratesAt(
  thresholds: Float32Array,
  scores: ArrayLike<number>,
  labels: ArrayLike<number>,
): BinaryRates[] {
  const numThresholds = thresholds.length;
  // entry t: scores that are a yes at t thresholds, and then no more
  const numTrue = new Float64Array(numThresholds + 1);
  const numFalse = new Float64Array(numThresholds + 1);
  for (let e = 0; e < scores.length; e++)
    (isTrueLabel(labels[e]) ? numTrue : numFalse)[numBelow(thresholds, Math.fround(scores[e]))]++;
  let [trueNegatives, falseNegatives] = [0, 0];
  const [totalTrue, totalFalse] = [numTrue, numFalse].map((n) => n.reduce((a, b) => a + b));
  return Array.from(thresholds, (_, t) => {
    trueNegatives += numFalse[t];
    falseNegatives += numTrue[t];
    return ratesOf({
      trueNegatives,
      falseNegatives,
      truePositives: totalTrue - falseNegatives,
      falsePositives: totalFalse - trueNegatives,
    });
  });
}

/** How many of the ascending thresholds a score is not below; all for NaN. */
function numBelow(thresholds: Float32Array, score: number): number {
  let low = 0;
  let high = thresholds.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (score < thresholds[middle]) high = middle;
    else low = middle + 1;
  }
  return low;
}
