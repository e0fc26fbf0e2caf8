/** Sums by segment of a perceptron's rows; each perceptron has one part of its own. */
import { perceptronSum } from "../../../src/engine/ops/perceptronSums.ts";
import { segmentValues } from "../../../src/engine/segments.ts";
import { record } from "../../../src/engine/tensor.ts";
import {
  concat,
  gather,
  indices,
  type Segments,
  segmentsOf,
  type Tensor,
} from "../../../src/index.ts";
import { type Random, randomSegments, whole } from "../../../src/testing/index.ts";
import { caseOf, type Sampler } from "./case.ts";
import { smallPerceptron, smallRows } from "./composites.ts";

const gathers = [[0], [1, 0]];

function anySegments(random: Random, numRows: number): Segments {
  const numSegments = whole(random, 1, 3);
  return segmentsOf(indices(randomSegments(random, numRows, numSegments)), numSegments);
}

export const perceptronSumSamplers: Record<string, Sampler> = {
  summedPerceptron: (random) => {
    const { stages, rows, operands } = smallPerceptron(random, { gathers });
    const segments = anySegments(random, rows.size);
    return caseOf(`sums${JSON.stringify(stages)}`, operands, (nodes, own, ...parameters) => {
      const parts = stages.gathered.map((isGathered) => (isGathered ? gather(nodes, rows) : own));
      const options = { ...stages, epsilon: 0.1 };
      return perceptronSum(concat(parts), parameters, segments, options) as Tensor;
    });
  },

  perceptronSums: (random) => {
    const { stages, operands, rows, inputsOf, options } = smallRows(random, { gathers });
    const segments = anySegments(random, rows.size);
    const f = (...xs: Tensor[]) => {
      const inputs = [...inputsOf(xs), ...segmentValues(segments)];
      return record("perceptronSums", inputs, [segments.numSegments, 2], "f32", options);
    };
    return caseOf(`rowSums${JSON.stringify(stages)}`, operands, f);
  },
};
