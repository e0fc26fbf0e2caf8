/** Segment reductions: segments empty, of one row, or with all rows; indices in any order. */
import { record } from "../../../src/engine/tensor.ts";
import {
  indices,
  scatterAdd,
  segmentAttention,
  segmentMax,
  segmentMean,
  segmentMin,
  segmentSoftmax,
  segmentSum,
  segmentsOf,
} from "../../../src/index.ts";
import { oneOf, type Random, randomSegments, whole } from "../../../src/testing/index.ts";
import { caseOf, operand, type Sampler, smallShape } from "./case.ts";

const reductions = {
  segmentSum,
  segmentMax,
  segmentMin,
  segmentMean,
  segmentSoftmax,
};
const isLinear = (name: string) => /Sum|Mean|Add/.test(name);

function rowsInSegments(random: Random) {
  const shape = smallShape(random, { minRank: 1, maxSize: 6 });
  const numSegments = whole(random, shape[0] === 0 ? 0 : 1, 4);
  return { shape, numSegments, target: randomSegments(random, shape[0], numSegments) };
}

/** Rows in segments with scores per head and values of a width. */
function attendingRows(random: Random) {
  const [rows, numSegments] = [whole(random, 0, 4), whole(random, 1, 3)];
  const [heads, width] = oneOf(random, [
    [1, 1],
    [1, 2],
    [2, 1],
  ]);
  const target = randomSegments(random, rows, numSegments);
  return {
    segments: segmentsOf(indices(target), numSegments),
    text: `[${target}] of ${numSegments}`,
    shapes: { scores: [rows, heads], values: [rows, heads, width] },
    results: { y: [numSegments, heads, width], statistics: [numSegments, heads, 2] },
  };
}

export const segmentSamplers: Record<string, Sampler> = {
  segmentAttention: (random) => {
    const { segments, text, shapes } = attendingRows(random);
    const operands = [shapes.scores, shapes.values].map((shape) => operand(random, shape));
    return caseOf(`segmentAttention${text}`, operands, (scores, values) =>
      segmentAttention(scores, values, segments),
    );
  },

  // the two steps of its gradient, as functions of independent operands
  segmentAttentionStatistics: (random) => {
    const { segments, text, shapes, results } = attendingRows(random);
    const { offsets, order, target } = segments;
    const operands = [shapes.scores, results.y, results.y].map((shape) => operand(random, shape));
    return caseOf(`segmentAttentionStatistics${text}`, operands, (scores, y, dy) =>
      record(
        "segmentAttentionStatistics",
        [scores, offsets, order, target, y, dy],
        results.statistics,
        "f32",
      ),
    );
  },

  segmentAttentionGradient: (random) => {
    const { segments, text, shapes, results } = attendingRows(random);
    const [rows, heads, width] = shapes.values;
    const operands = [shapes.scores, shapes.values, results.y, results.statistics].map((shape) =>
      operand(random, shape),
    );
    return caseOf(`segmentAttentionGradient${text}`, operands, (scores, values, dy, statistics) =>
      record(
        "segmentAttentionGradient",
        [scores, values, segments.target, dy, statistics],
        [rows, heads, width + 1],
        "f32",
      ),
    );
  },

  scatterAdd: (random) => {
    const { shape, numSegments, target } = rowsInSegments(random);
    const rows = indices(target);
    const text = `scatterAdd[${target}] of ${numSegments}`;
    const scattered = caseOf(text, [operand(random, shape)], (x) =>
      scatterAdd(x, rows, numSegments),
    );
    return { ...scattered, isLinear: true };
  },
};

for (const [name, reduction] of Object.entries(reductions))
  segmentSamplers[name] = (random) => {
    const { shape, numSegments, target } = rowsInSegments(random);
    const segments = segmentsOf(indices(target), numSegments);
    const text = `${name}[${target}] of ${numSegments}`;
    const reduced = caseOf(text, [operand(random, shape)], (x) => reduction(x, segments));
    return { ...reduced, isLinear: isLinear(name) };
  };
