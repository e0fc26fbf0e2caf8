/** Composites of matrices: products, attention; and graphs of random ops. */
import { partOf } from "../../../src/engine/composite.ts";
import { record, wrap } from "../../../src/engine/tensor.ts";
import { concat, gather, indices, linear, matmul, type Tensor } from "../../../src/index.ts";
import {
  broadcastingShape,
  chance,
  randomGraph,
  randomSegments,
  whole,
} from "../../../src/testing/index.ts";
import { caseOf, operand, type Sampler, smallShape } from "./case.ts";

const gatherIf = (x: Tensor, rows: Uint32Array | null): Tensor =>
  rows ? gather(x, indices(rows)) : x;

export const compositeSamplers: Record<string, Sampler> = {
  matmul: (random) => {
    const [m, k, n] = smallShape(random, { minRank: 3, maxRank: 3 });
    const batch = smallShape(random, { maxRank: 2, maxSize: 2 });
    const [transposeA, transposeB] = [chance(random), chance(random)];
    const a = [...broadcastingShape(random, batch), ...(transposeA ? [k, m] : [m, k])];
    const b = [...broadcastingShape(random, batch), ...(transposeB ? [n, k] : [k, n])];
    const options = { transposeA, transposeB };
    const operands = [operand(random, a), operand(random, b)];
    const text = `matmul${JSON.stringify(options)}`;
    return { ...caseOf(text, operands, (x, y) => matmul(x, y, options)), isLinear: true };
  },

  // what the planner may record, and `matmul` spells as one product of more rows
  "matmul of a shared b": (random) => {
    const [batch, m, k] = smallShape(random, { minRank: 3, maxRank: 3 });
    const n = whole(random, 1, 3);
    const attrs = { transposeA: chance(random), transposeB: chance(random) };
    const a = attrs.transposeA ? [batch, k, m] : [batch, m, k];
    const b = attrs.transposeB ? [1, n, k] : [1, k, n];
    const operands = [operand(random, a), operand(random, b)];
    const product = (x: Tensor, y: Tensor) =>
      record("matmul", [x, y], [batch, m, n], "f32", { attrs });
    return { ...caseOf(`shared ${JSON.stringify(attrs)}`, operands, product), isLinear: true };
  },

  joinedLinear: (random) => {
    const rows = whole(random, 0, 3);
    const nodes = whole(random, 1, 2);
    const parts = Array.from({ length: whole(random, 1, 3) }, () => {
      const index = chance(random, 0.6) ? randomSegments(random, rows, nodes) : null;
      return { index, shape: [index ? nodes : rows, whole(random, 1, 2)] };
    });
    const inputs = parts.reduce((sum, { shape }) => sum + shape[1], 0);
    const operands = [[2, inputs], [2], ...parts.map(({ shape }) => shape)].map((shape) =>
      operand(random, shape),
    );
    const text = `linear of ${parts.map(({ index }) => (index ? `rows [${index}]` : "all"))}`;
    const joined = (xs: readonly Tensor[]) =>
      concat(xs.map((x, which) => gatherIf(x, parts[which].index)));
    const sample = caseOf(text, operands, (weight, bias, ...xs) =>
      linear(joined(xs), weight, bias),
    );
    return { ...sample, isLinear: true };
  },

  linear: (random) => {
    const [outputs, inputs] = smallShape(random, { minRank: 2, maxRank: 2 });
    const x = [...smallShape(random, { minRank: 1, maxRank: 2, maxSize: 2 }), inputs];
    const operands = [x, [outputs, inputs], [outputs]].map((shape) => operand(random, shape));
    return { ...caseOf("linear", operands, linear), isLinear: true };
  },

  // both results, as the gradient of `linear` has them
  linearGradient: (random) => {
    const [rows, outputs, inputs] = smallShape(random, { minRank: 3, maxRank: 3 });
    const operands = [
      [rows, outputs],
      [rows, inputs],
    ].map((shape) => operand(random, shape));
    return caseOf("linearGradient", operands, (dy, x) => {
      const dW = record("linearGradient", [dy, x], [outputs, inputs], "f32");
      return concat([dW.reshape([-1]), wrap(partOf(dW.expr, "bias"), [dy, x])]);
    });
  },

  "matmul with itself": (random) => {
    const shape = smallShape(random, { minRank: 2, maxRank: 3 });
    const flags = chance(random) ? { transposeA: true } : { transposeB: true };
    return caseOf(`matmul${JSON.stringify(flags)} itself`, [operand(random, shape)], (x) =>
      matmul(x, x, flags),
    );
  },

  "random graph": (random) => {
    const { text, inputs, apply } = randomGraph(random);
    const operands = inputs.map((shape) => operand(random, shape));
    return caseOf(`\n${text}\n`, operands, (...xs) => apply(xs));
  },
};
