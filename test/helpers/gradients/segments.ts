/** Segment reductions: segments empty, of one row, or with all rows; indices in any order. */
import { partOf } from "../../../src/engine/composite.ts";
import { record } from "../../../src/engine/tensor.ts";
import {
  concat,
  indices,
  scatterAdd,
  segmentAttention,
  segmentMax,
  segmentMean,
  segmentMin,
  segmentSoftmax,
  segmentSum,
  segmentsOf,
  Tensor,
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
function attendingRows(random: Random, minRows = 0) {
  const [rows, numSegments] = [whole(random, minRows, 4), whole(random, 1, 3)];
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
    results: { y: [numSegments, heads, width], logSum: [numSegments, heads] },
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

  "segmentAttention and its log-sum": (random) => {
    const { segments, text, shapes } = attendingRows(random, 1);
    const operands = [shapes.scores, shapes.values].map((shape) => operand(random, shape));
    return caseOf(`segmentAttention, logSum ${text}`, operands, (scores, values) => {
      const y = segmentAttention(scores, values, segments);
      const logSum = new Tensor(partOf(y.expr, "logSum"));
      const isEmpty = logSum.less(-100); // of an empty segment: so low that nothing can be seen
      return concat([y.reshape([-1]), isEmpty.select(0, logSum).reshape([-1])]);
    });
  },

  // its gradient, as a function of independent operands
  segmentAttentionGradient: (random) => {
    const { segments, text, shapes, results } = attendingRows(random);
    const { y, logSum } = results;
    const operands = [shapes.values, shapes.scores, y, logSum, logSum].map((shape) =>
      operand(random, shape),
    );
    return caseOf(`segmentAttentionGradient${text}`, operands, (values, scores, ...rest) => {
      const inputs = [values, scores, segments.target, ...rest];
      const dValues = record("segmentAttentionGradient", inputs, shapes.values, "f32");
      const dScores = new Tensor(partOf(dValues.expr, "dScores"));
      return concat([dValues.reshape([-1]), dScores.reshape([-1])]);
    });
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
