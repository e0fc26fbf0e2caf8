/** Running sums, sorts, and rows by computed indices, of which some are none. */
import { none } from "../../../src/engine/rows.ts";
import { record } from "../../../src/engine/tensor.ts";
import {
  cumsum,
  gather,
  indices,
  knn,
  scatterAdd,
  segmentAttention,
  segmentMax,
  segmentSoftmax,
  segmentSum,
  segmentsOf,
  sort,
  type Tensor,
  tensor,
  topk,
} from "../../../src/index.ts";
import { chance, type Random, randomSegments, whole } from "../../../src/testing/index.ts";
import { caseOf, operand, type Sampler, smallShape } from "./case.ts";

/** Rows below `limit`, some of them none, computed on the device. */
function computedRows(random: Random, count: number, limit: number): Tensor {
  const rows = [...randomSegments(random, count, limit)];
  return indices(rows.map((row) => (chance(random, 0.2) ? none : row))).add(0);
}

const scans = { exclusive: [false, true], reverse: [false, true] };
const anyScan = (random: Random) => ({
  exclusive: scans.exclusive[whole(random, 0, 1)],
  reverse: scans.reverse[whole(random, 0, 1)],
});

export const sortSamplers: Record<string, Sampler> = {
  cumsum: (random) => {
    const shape = smallShape(random, { minRank: 1, maxSize: 5 });
    const options = { ...anyScan(random), axis: whole(random, -shape.length, shape.length - 1) };
    const text = `cumsum${JSON.stringify(options)}`;
    return {
      ...caseOf(text, [operand(random, shape)], (x) => cumsum(x, options)),
      isLinear: true,
    };
  },

  // the two steps of a running sum, as functions of independent operands
  blockSums: (random) => {
    const [outer, length, inner] = smallShape(random, { minRank: 3, maxRank: 3 });
    const { reverse } = anyScan(random);
    const sums = caseOf("blockSums", [operand(random, [outer, length, inner])], (x) =>
      record("blockSums", [x], [outer, 2, inner], "f32", { attrs: { reverse } }),
    );
    return { ...sums, isLinear: true };
  },
  scanBlocks: (random) => {
    const [outer, length, inner] = smallShape(random, { minRank: 3, maxRank: 3 });
    const attrs = anyScan(random);
    const operands = [length, 2].map((n) => operand(random, [outer, n, inner]));
    const scanned = caseOf(`scanBlocks${JSON.stringify(attrs)}`, operands, (x, sums) =>
      record("scanBlocks", [x, sums], [outer, length, inner], "f32", { attrs }),
    );
    return { ...scanned, isLinear: true };
  },

  sort: (random) => {
    // far enough apart for a difference to be taken
    const order = Array.from({ length: whole(random, 1, 6) }, (_, i) => i).sort(
      () => random() - 0.5,
    );
    const descending = chance(random);
    return {
      text: `sort[${order}]${descending ? " descending" : ""}`,
      inputs: [tensor(order)],
      f: (x) => sort(x, { descending }).mul(tensor(order.map((_, i) => i + 1))),
    };
  },

  "gather of computed rows": (random) => {
    const shape = smallShape(random, { minRank: 1, maxSize: 5, canBeEmpty: false });
    const rows = computedRows(random, whole(random, 0, 6), shape[0]);
    const pairs = rows.size % 2 === 0 && chance(random) ? rows.reshape([-1, 2]) : rows;
    const gathered = caseOf("gather computed", [operand(random, shape)], (x) => gather(x, pairs));
    return { ...gathered, isLinear: true };
  },

  ...Object.fromEntries(
    Object.entries({ segmentSum, segmentMax, segmentSoftmax }).map(([name, reduction]) => [
      `${name} by computed segments`,
      (random: Random) => {
        const shape = smallShape(random, { minRank: 1, maxSize: 6 });
        const numSegments = whole(random, 1, 4);
        const segments = segmentsOf(computedRows(random, shape[0], numSegments), numSegments);
        const reduced = caseOf(`${name} computed`, [operand(random, shape)], (x) =>
          reduction(x, segments),
        );
        return { ...reduced, isLinear: name === "segmentSum" };
      },
    ]),
  ),

  "segmentAttention by computed segments": (random) => {
    const [rows, heads, width] = [whole(random, 0, 4), whole(random, 1, 2), whole(random, 1, 2)];
    const segments = segmentsOf(computedRows(random, rows, 2), 2);
    const operands = [
      [rows, heads],
      [rows, heads, width],
    ].map((shape) => operand(random, shape));
    return caseOf("segmentAttention computed", operands, (scores, values) =>
      segmentAttention(scores, values, segments),
    );
  },

  // neighbors are those of points that do not move; distances are of the points that do
  "squared distances to neighbors": (random) => {
    const [numPoints, dim] = [whole(random, 1, 4), whole(random, 1, 2)];
    const points = Array.from({ length: numPoints * dim }, (_, i) => ((3 * i * i) % 7) + i / 8);
    const seed = chance(random) ? { maxDistance: 3 } : {};
    return {
      text: `knn of ${numPoints} points ${JSON.stringify(seed)}`,
      inputs: [tensor(points, [numPoints, dim])],
      f: (x) => {
        const { squaredDistance } = knn(x, 2, seed);
        return squaredDistance.less(1e6).select(squaredDistance, 0);
      },
    };
  },

  topk: (random) => {
    const x = tensor([3, 1, 4, 1.5, 9, 2, 6, 5], [2, 4]);
    const least = chance(random);
    return { text: `topk ${least}`, inputs: [x], f: (y) => topk(y, 3, { least }).values };
  },

  "scatterAdd by computed rows": (random) => {
    const shape = smallShape(random, { minRank: 1, maxSize: 6 });
    const rows = computedRows(random, shape[0], 3);
    const added = caseOf("scatterAdd computed", [operand(random, shape)], (x) =>
      scatterAdd(x, rows, 3),
    );
    return { ...added, isLinear: true };
  },
};
