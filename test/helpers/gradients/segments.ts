/** Segment reductions: segments empty, of one row, or with all rows; indices in any order. */
import {
  indices,
  scatterAdd,
  segmentMax,
  segmentMean,
  segmentMin,
  segmentSoftmax,
  segmentSum,
  segmentsOf,
} from "../../../src/index.ts";
import { type Random, randomSegments, whole } from "../../../src/testing/index.ts";
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

export const segmentSamplers: Record<string, Sampler> = {
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
