/** Composites at single points: rows of zeros, saturation, logits beyond the range of the exponential. */
import { record } from "../../../src/engine/tensor.ts";
import {
  gelu,
  indices,
  l2Normalize,
  logSoftmax,
  logSumExp,
  rmsNorm,
  silu,
  type Tensor,
} from "../../../src/index.ts";
import { expectFinite, expectGradients } from "./atPoints.ts";

const far = [-900, 900, 0];
const binary = (z: Tensor, t: Tensor): Tensor =>
  record("binaryCrossEntropy", [z, t], z.shape, "f32", { values: [3] });
const ofLabels = (z: Tensor): Tensor =>
  record("crossEntropy", [z.reshape([2, 3]), indices([1, 0])], [2], "f32");

export const rowExamples: Readonly<Record<string, () => Promise<unknown>>> = {
  "a row of zeros is normalised with the slope 1/ε": () =>
    expectGradients((x) => l2Normalize(x, 0.125), [[0, 0]], [[8, 8]]),
  "a row shorter than ε has the slope 1/ε too, a longer one only across": () =>
    expectGradients(
      (x) => l2Normalize(x.reshape([2, 2]), 0.5),
      [[0.25, 0, 2, 0]],
      [[2, 2, 0, 0.5]],
    ),
  "a row of zeros has finite derivatives in every norm": async () => {
    await expectFinite((x) => l2Normalize(x, 0.01), [0, 0, 0]);
    await expectFinite((x, weight) => rmsNorm(x, weight), [0, 0, 0], [1, 2, 3]);
  },
  "logarithms of softmax are finite where the softmax is 0 or 1": async () => {
    await expectGradients((x) => logSoftmax(x).slice([[1, 2]]), [far], [[0, 0, 0]]);
    await expectGradients((x) => logSoftmax(x).slice([[0, 1]]), [far], [[1, -1, 0]]);
    await expectGradients((x) => logSumExp(x), [far], [[0, 1, 0]]);
    await expectGradients((x) => logSumExp(x), [[7, 7, -99]], [[0.5, 0.5, 0]]);
  },
  "cross-entropy of logits far apart": () =>
    expectGradients(ofLabels, [[...far, ...far]], [[0, 0, 0, -1, 1, 0]]),
  "binary cross-entropy of logits far from 0, and at 0": () =>
    expectGradients(
      binary,
      [
        [-900, 900, 0, 900, -900, 0],
        [1, 1, 1, 0, 0, 0],
      ],
      [
        [-3, 0, -1.5, 1, 0, 0.5],
        [2700, -900, 2 * Math.LN2, -900, 2700, 2 * Math.LN2],
      ],
    ),
  "binary cross-entropy has finite derivatives": () =>
    expectFinite(binary, [-900, 900, 0, 0], [1, 1, 1, 0]),
  "smooth activations far from 0 are straight lines": async () => {
    for (const f of [silu, (x: Tensor) => gelu(x), (x: Tensor) => gelu(x, "tanh")]) {
      await expectGradients(f, [[-900, 900, 0]], [[0, 1, 0.5]]);
      await expectFinite(f, [-900, 900, 0]);
    }
  },
};
