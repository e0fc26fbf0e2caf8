/**
 * Rates of a yes-or-no classification, such as edges of a graph by their score.
 *
 * A score counts as yes if it is not below the threshold, so NaN is a yes. Scores are model outputs,
 * f32 numbers, so thresholds are rounded like them. Every 0/0 is 0.
 */
import { ShapeError } from "../../engine/errors.ts";

/** How many are …, and were called …. */
export interface Confusion {
  readonly truePositives: number;
  readonly trueNegatives: number;
  readonly falsePositives: number;
  readonly falseNegatives: number;
}

export interface BinaryRates {
  readonly accuracy: number; // (TP + TN) / all
  readonly tpr: number; // TP / (TP + FN)
  readonly tnr: number; // TN / (TN + FP)
  readonly fpr: number; // 1 − tnr
  readonly fnr: number; // 1 − tpr
  readonly balancedAccuracy: number; // (tpr + tnr) / 2
  readonly f1: number; // 2 TP / (2 TP + FP + FN)
  readonly mcc: number; // Matthews 1975 (doi:10.1016/0005-2795(75)90109-9)
  readonly numTrue: number;
  readonly numFalse: number;
  readonly numPredictedTrue: number;
  readonly numPredictedFalse: number;
}

/** scores f32 [E], labels [E]: true if their integer part is 1. */
export function binaryRates(
  scores: ArrayLike<number>,
  labels: ArrayLike<number>,
  threshold: number,
): BinaryRates {
  return ratesOf(confusion(scores, labels, threshold));
}

export function confusion(
  scores: ArrayLike<number>,
  labels: ArrayLike<number>,
  threshold: number,
): Confusion {
  checkScores("confusion", scores, labels);
  const limit = Math.fround(threshold);
  const counts = [0, 0, 0, 0]; // by 2·label + prediction
  for (let e = 0; e < scores.length; e++)
    counts[2 * Number(isTrueLabel(labels[e])) + Number(!(Math.fround(scores[e]) < limit))]++;
  const [trueNegatives, falsePositives, falseNegatives, truePositives] = counts;
  return { truePositives, trueNegatives, falsePositives, falseNegatives };
}

export function ratesOf({
  truePositives: tp,
  trueNegatives: tn,
  falsePositives: fp,
  falseNegatives: fn,
}: Confusion): BinaryRates {
  const tpr = ratio(tp, tp + fn);
  const tnr = ratio(tn, tn + fp);
  // the product overflows 32-bit integers long before it overflows a double
  const mccScale = Math.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn));
  return {
    accuracy: ratio(tp + tn, tp + tn + fp + fn),
    tpr,
    tnr,
    fpr: ratio(fp, fp + tn),
    fnr: ratio(fn, fn + tp),
    balancedAccuracy: (tpr + tnr) / 2,
    f1: ratio(2 * tp, 2 * tp + fp + fn),
    mcc: ratio(tp * tn - fp * fn, mccScale),
    numTrue: tp + fn,
    numFalse: tn + fp,
    numPredictedTrue: tp + fp,
    numPredictedFalse: tn + fn,
  };
}

export const isTrueLabel = (label: number): boolean => Math.trunc(label) === 1;

export function checkScores(
  where: string,
  scores: ArrayLike<number>,
  labels: ArrayLike<number>,
): void {
  if (scores.length !== labels.length)
    throw new ShapeError(
      `${where}(labels): expected [${scores.length}], like scores, got [${labels.length}]`,
    );
}

const ratio = (a: number, b: number): number => (b === 0 ? 0 : a / b);
