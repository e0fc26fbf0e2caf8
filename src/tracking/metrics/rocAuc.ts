import { ShapeError } from "../../engine/errors.ts";
import { checkScores, isTrueLabel } from "./confusion.ts";

export interface RocAucOptions {
  /** Only the part of the curve up to this false-positive rate, standardised. Default 1: all of it. */
  readonly maxFpr?: number;
}

/**
 * Area under the receiver operating characteristic, by trapezes between distinct scores.
 *
 *   A = ∫₀^f TPR d(FPR),   AUC = ½ (1 + (A − f²/2) / (f − f²/2))
 *
 * 1 is perfect and ½ chance for every f = maxFpr (McClish 1989, doi:10.1177/0272989X8900900307); for
 * f = 1 it is A. NaN where only one class occurs. scores [E] (NaN: a yes at any threshold), labels [E].
 */
export function rocAuc(
  scores: ArrayLike<number>,
  labels: ArrayLike<number>,
  { maxFpr = 1 }: RocAucOptions = {},
): number {
  if (!(maxFpr > 0 && maxFpr <= 1))
    throw new ShapeError(`rocAuc(maxFpr): expected 0 < maxFpr ≤ 1, got ${maxFpr}`);
  const { fpr, tpr } = rocCurve(scores, labels);
  if (Number.isNaN(fpr[0] + tpr[0])) return Number.NaN; // a class is missing: 0/0
  let area = 0;
  for (let i = 1; i < fpr.length && fpr[i - 1] < maxFpr; i++) {
    const width = fpr[i] - fpr[i - 1];
    const share = Math.min(1, (maxFpr - fpr[i - 1]) / width); // 1 where width is 0
    const height = tpr[i - 1] + (share * (tpr[i] - tpr[i - 1])) / 2;
    area += share * width * height;
  }
  const chance = maxFpr ** 2 / 2;
  return (1 + (area - chance) / (maxFpr - chance)) / 2;
}

/** The curve from (0, 0) to (1, 1): one point per distinct score, from the highest down. */
export function rocCurve(
  scores: ArrayLike<number>,
  labels: ArrayLike<number>,
): { fpr: Float64Array; tpr: Float64Array } {
  checkScores("rocCurve", scores, labels);
  const ofTrue = sortedScores(scores, labels, true);
  const ofFalse = sortedScores(scores, labels, false);
  const [fpr, tpr] = [[0 / ofFalse.length], [0 / ofTrue.length]];
  for (let t = ofTrue.length, f = ofFalse.length; t > 0 || f > 0; ) {
    const score = Math.max(ofTrue[t - 1] ?? -Infinity, ofFalse[f - 1] ?? -Infinity);
    while (ofTrue[t - 1] === score) t--;
    while (ofFalse[f - 1] === score) f--;
    tpr.push((ofTrue.length - t) / ofTrue.length);
    fpr.push((ofFalse.length - f) / ofFalse.length);
  }
  return { fpr: Float64Array.from(fpr), tpr: Float64Array.from(tpr) };
}

/** The scores of one class, ascending; NaN is a yes at any threshold, so it comes last, as ∞. */
function sortedScores(
  scores: ArrayLike<number>,
  labels: ArrayLike<number>,
  isTrue: boolean,
): Float64Array {
  const all = Float64Array.from(scores, (score) => (Number.isNaN(score) ? Infinity : score));
  return all.filter((_, e) => isTrueLabel(labels[e]) === isTrue).sort();
}
