/** Composites of rows and of single elements: softmax, norms, activations, entropies. */
import { record } from "../../../src/engine/tensor.ts";
import {
  gelu,
  indices,
  l2Normalize,
  layerNorm,
  logSoftmax,
  logSumExp,
  rmsNorm,
  silu,
  softmax,
  type Tensor,
} from "../../../src/index.ts";
import { broadcastingShape, oneOf, whole } from "../../../src/testing/index.ts";
import { caseOf, operand, type Sampler, smallShape } from "./case.ts";

/** Of a function of one axis. */
const alongAxis =
  (name: string, f: (x: Tensor, axis: number) => Tensor): Sampler =>
  (random) => {
    const shape = smallShape(random, { minRank: 1, canBeEmpty: false });
    const axis = whole(random, -shape.length, shape.length - 1);
    return caseOf(`${name}[${axis}]`, [operand(random, shape)], (x) => f(x, axis));
  };

/** Of a norm with parameters per feature. A small ε would make rows of one or two features jump. */
const withFeatures =
  (name: string, numParameters: number, f: (x: Tensor, ...of: Tensor[]) => Tensor): Sampler =>
  (random) => {
    const shape = smallShape(random, { minRank: 1, maxSize: 4 });
    const features = Array.from({ length: numParameters }, () => shape.slice(-1));
    const operands = [shape, ...features].map((size) => operand(random, size));
    return caseOf(name, operands, f);
  };

/** Losses of each row or entry, recorded directly: the public ones reduce them. */
const entropySamplers: Record<string, Sampler> = {
  crossEntropy: (random) => {
    const [numRows, numClasses] = [whole(random, 1, 3), whole(random, 1, 4)];
    const labels = indices(Array.from({ length: numRows }, () => whole(random, 0, numClasses - 1)));
    return caseOf("crossEntropy", [operand(random, [numRows, numClasses])], (z) =>
      record("crossEntropy", [z, labels], [numRows], "f32"),
    );
  },

  binaryCrossEntropy: (random) => {
    const shape = smallShape(random);
    const operands = [
      operand(random, shape),
      operand(random, broadcastingShape(random, shape), [0, 1]),
    ];
    const positiveWeight = oneOf(random, [1, 0.3, 7]);
    return caseOf(`binaryCrossEntropy[${positiveWeight}]`, operands, (z, t) =>
      record("binaryCrossEntropy", [z, t], shape, "f32", { values: [positiveWeight] }),
    );
  },
};

export const rowSamplers: Record<string, Sampler> = {
  softmax: alongAxis("softmax", softmax),
  logSoftmax: alongAxis("logSoftmax", logSoftmax),
  logSumExp: alongAxis("logSumExp", logSumExp),
  layerNorm: withFeatures("layerNorm", 2, (x, weight, bias) => layerNorm(x, weight, bias, 0.1)),
  rmsNorm: withFeatures("rmsNorm", 1, (x, weight) => rmsNorm(x, weight, 0.1)),
  l2Normalize: withFeatures("l2Normalize", 0, (x) => l2Normalize(x)),
  silu: (random) => caseOf("silu", [operand(random, smallShape(random))], silu),
  gelu: (random) => {
    const form = oneOf<"erf" | "tanh">(random, ["erf", "tanh"]);
    return caseOf(`gelu[${form}]`, [operand(random, smallShape(random))], (x) => gelu(x, form));
  },
  ...entropySamplers,
};
