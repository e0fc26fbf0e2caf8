/**
 * How alike two partitions of the same hits are, labels taken literally (noise −1 is one cluster).
 *
 * Rosenberg & Hirschberg 2007 (V-measure), Hubert & Arabie 1985 (adjusted Rand,
 * doi:10.1007/BF01908075), Fowlkes & Mallows 1983 (doi:10.1080/01621459.1983.10478008).
 */
import { contingency, countOf, rank } from "./contingency.ts";

export interface PartitionScores {
  readonly homogeneity: number; // h = MI / H(truth): clusters hold one particle each
  readonly completeness: number; // c = MI / H(predicted): particles lie in one cluster each
  readonly vMeasure: number; // 2hc / (h + c)
  readonly adjustedRand: number; // pairs of hits treated alike, less what chance would give
  readonly fowlkesMallows: number; // √(precision · recall) of pairs of hits
}

export function partitionScores(
  truth: ArrayLike<number>,
  predicted: ArrayLike<number>,
): PartitionScores {
  const classes = rank(truth);
  const clusters = rank(predicted);
  const pairs = contingency(classes, clusters);
  const classSize = countOf(classes);
  const clusterSize = countOf(clusters);
  const cellSize = pairs.row.map((_, k) => pairs.start[k + 1] - pairs.start[k]);
  const n = classes.of.length;

  let information = 0; // mutual, in nats
  cellSize.forEach((size, k) => {
    const expected = (classSize[pairs.row[k]] / n) * clusterSize[pairs.column[k]];
    information += (size / n) * Math.log(size / expected);
  });
  const homogeneity = share(information, entropy(classSize, n));
  const completeness = share(information, entropy(clusterSize, n));
  const vMeasure = (2 * homogeneity * completeness) / (homogeneity + completeness);

  // ordered pairs of different hits: together in both, in truth, in the prediction
  const both = sumOfSquares(cellSize) - n;
  const inTruth = sumOfSquares(classSize) - n;
  const inPredicted = sumOfSquares(clusterSize) - n;
  return {
    homogeneity,
    completeness,
    vMeasure: homogeneity + completeness === 0 ? 0 : vMeasure,
    adjustedRand: adjustedRand(both, inTruth, inPredicted, n * n - n),
    fowlkesMallows: both === 0 ? 0 : Math.sqrt(both / inTruth) * Math.sqrt(both / inPredicted),
  };
}

function adjustedRand(both: number, inTruth: number, inPredicted: number, all: number): number {
  if (both === inTruth && both === inPredicted) return 1;
  const byChance = (inTruth / all) * inPredicted;
  return (both - byChance) / ((inTruth + inPredicted) / 2 - byChance);
}

/** A partition without choice explains itself. */
const share = (information: number, entropy: number): number =>
  entropy === 0 ? 1 : Math.max(0, information) / entropy;

const entropy = (sizes: Uint32Array, n: number): number =>
  sizes.length < 2 ? 0 : -sizes.reduce((sum, size) => sum + (size / n) * Math.log(size / n), 0);

const sumOfSquares = (sizes: Uint32Array): number =>
  sizes.reduce((sum, size) => sum + size * size, 0);
