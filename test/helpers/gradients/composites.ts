/** Composites of matrices: products, attention; and graphs of random ops. */
import { partOf } from "../../../src/engine/composite.ts";
import { perceptron } from "../../../src/engine/ops/perceptron.ts";
import { parameterShapes, type RowStages } from "../../../src/engine/ops/perceptronStages.ts";
import { record, wrap } from "../../../src/engine/tensor.ts";
import {
  concat,
  gather,
  indices,
  linear,
  matmul,
  pack,
  pieces,
  type Tensor,
} from "../../../src/index.ts";
import {
  broadcastingShape,
  chance,
  oneOf,
  type Random,
  randomGraph,
  randomSegments,
  whole,
} from "../../../src/testing/index.ts";
import { caseOf, operand, type Sampler, smallShape } from "./case.ts";

const gatherIf = (x: Tensor, rows: Uint32Array | null): Tensor =>
  rows ? gather(x, indices(rows)) : x;

const allNorms = ["none", "plain", "affine"] as const;
interface PerceptronChoices {
  norms?: readonly RowStages["norm"][];
  /** Which parts are rows of nodes. */
  gathers?: readonly number[][];
}

/** A perceptron of two layers on rows of nodes, on rows of its own, or on both. */
export function smallPerceptron(
  random: Random,
  { norms = allNorms, gathers = [[0], [1, 0], [1, 1]] }: PerceptronChoices = {},
) {
  const gathered = oneOf(random, gathers);
  const stages = {
    ...{ gathered, parts: gathered.map(() => 2), widths: [2, 2] },
    norm: oneOf(random, norms),
    activation: oneOf(random, ["tanh", "silu", "sigmoid"] as const),
    outputActivation: "none" as const,
  };
  const rows = randomSegments(random, whole(random, 1, 3), 2);
  const shapes = [[2, 2], [rows.length, 2], ...parameterShapes(stages)];
  const operands = shapes.map((shape) => operand(random, shape, [-1, 1]));
  return { stages, rows: indices(rows), operands };
}

/** The same with the products that the rewrite makes first as operands. */
export function smallRows(random: Random, choices: PerceptronChoices = {}) {
  const { stages, rows, operands } = smallPerceptron(random, choices);
  const products = operand(random, [2, stages.widths[0] * stages.parts.length]);
  const numRepeated = stages.gathered.filter(Boolean).length;
  const inputsOf = ([of, own, ...parameters]: readonly Tensor[]) => [
    pack(parameters),
    ...stages.gathered.filter((isGathered) => !isGathered).map(() => own),
    ...(numRepeated > 0 ? [of, ...Array(numRepeated).fill(rows)] : []),
  ];
  const options = { attrs: { ...stages }, values: [0.1] };
  return { stages, rows, operands: [products, ...operands.slice(1)], inputsOf, options };
}

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

  perceptron: (random) => {
    const { stages, rows, operands } = smallPerceptron(random);
    return caseOf(`perceptron${JSON.stringify(stages)}`, operands, (nodes, own, ...parameters) => {
      const parts = stages.gathered.map((isGathered) => (isGathered ? gather(nodes, rows) : own));
      return perceptron(concat(parts), parameters, { ...stages, epsilon: 0.1 })!;
    });
  },

  perceptronRows: (random) => {
    const { stages, operands, rows, inputsOf, options } = smallRows(random);
    const f = (...xs: Tensor[]) =>
      record("perceptronRows", inputsOf(xs), [rows.size, 2], "f32", options);
    return caseOf(`rows${JSON.stringify(stages)}`, operands, f);
  },

  // both results: per stretch of rows what it adds to the parameters' gradient, and the slopes of rows;
  // without norms, whose third derivatives are large graphs
  perceptronRowsGradient: (random) => {
    const { stages, operands, rows, inputsOf, options } = smallRows(random, { norms: ["none"] });
    const text = `rowsGradient${JSON.stringify(stages)}`;
    const stretches = Array.from({ length: whole(random, 1, 2) }, (_, stretch) => stretch);
    const dy = operand(random, [rows.size, 2], [-1, 1]);
    return caseOf(text, [dy, ...operands], (slope, ...xs) => {
      const inputs = [...inputsOf(xs), slope];
      const shape = [stretches.length, inputs[0].size];
      const sums = record("perceptronRowsGradient", inputs, shape, "f32", options);
      const ofParameters = stretches.flatMap((stretch) => {
        const flat = sums.slice([[stretch, stretch + 1]]).reshape([-1]);
        return pieces(flat, parameterShapes(stages)); // not what lies between them
      });
      const slopes = wrap(partOf(sums.expr, "slopes"), inputs);
      return concat([...ofParameters, slopes].map((part) => part.reshape([-1])));
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
