/** Samples of composites of rows and of single elements, each with a bound from its roundings. */

import { record } from "../../src/engine/tensor.ts";
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
} from "../../src/index.ts";
import { broadcastTo, draws, filled, type Gen, operand, pick, shape, whole } from "./generate.ts";
import * as oracle from "./oracle.ts";
import { type Accuracy, computed, type Sample } from "./samples.ts";

/** Rounding of e^(x − max): of the difference, and 3 + 2 |x| units of the exponential itself. */
export const exponentialError = (range: number, unit: number): number => (3 * range + 4) * unit;

function softmaxSample(g: Gen): Sample {
  const sizes = shape(g, 1);
  const x = operand(g, sizes, "f32", draws(g, "f32", [-9, 9]));
  const axis = whole(g, -sizes.length, sizes.length - 1);
  const along = (axis + sizes.length) % sizes.length;
  const value = oracle.softmax(x.value, along);
  return computed(
    `softmax[${axis}]`,
    [x],
    ([t]) => softmax(t!, axis),
    value,
    (_, { unit }) =>
      value.data.map((y) => y * 2 * (exponentialError(18, unit) + sizes[along]! * unit)),
  );
}

function layerNormSample(g: Gen): Sample {
  const sizes = shape(g, 1);
  const features = sizes.at(-1)!;
  const draw = draws(g, "f32", [-3, 3]);
  const epsilon = pick(g, [1e-5, 1e-2]);
  const [x, weight, bias] = [
    operand(g, sizes, "f32", draw),
    operand(g, [features], "f32", draw, 1),
    operand(g, [features], "f32", draw, 1),
  ];
  const value = oracle.layerNorm(x.value, weight.value, bias.value, epsilon);
  return computed(
    "layerNorm",
    [x, weight, bias],
    ([t, w, b]) => layerNorm(t!, w!, b!, epsilon),
    value,
    (_, { unit }) =>
      value.data.map((y, i) => {
        // deviations from the mean are off by some units of the largest element, which 1/σ magnifies
        const start = i - (i % features);
        const row = x.value.data.slice(start, start + features);
        const { mean, scale } = oracle.moments(row, epsilon);
        const deviation = (features + 4) * unit * Math.max(...row.map(Math.abs));
        const normal = Math.abs((x.value.data[i]! - mean) * scale);
        const w = Math.abs(weight.value.data[i % features]!);
        return (
          w * (1 + normal * normal) * deviation * scale * 2 + (Math.abs(y) + w * normal) * 8 * unit
        );
      }),
  );
}

const logSum = (row: readonly number[]): number => {
  const greatest = Math.max(...row);
  return greatest + Math.log(row.reduce((sum, x) => sum + Math.exp(x - greatest), 0));
};

/** Of x − max, which is at most 18, of n exponentials added up, and of the logarithm of at most n. */
const logSumError = (length: number, { unit, of }: Accuracy): number =>
  exponentialError(18, unit) + (length + 18) * unit + of("log") * Math.max(1, Math.log(length));

function logSoftmaxSample(g: Gen): Sample {
  const sizes = shape(g, 1);
  const x = operand(g, sizes, "f32", draws(g, "f32", [-9, 9]));
  const axis = whole(g, 0, sizes.length - 1);
  const value = oracle.alongAxis(x.value, axis, (row) => row.map((v) => v - logSum(row)));
  return computed(
    `logSoftmax[${axis}]`,
    [x],
    ([t]) => logSoftmax(t!, axis - sizes.length),
    value,
    (_, accuracy) => value.data.map(() => 2 * logSumError(sizes[axis]!, accuracy)),
  );
}

function logSumExpSample(g: Gen): Sample {
  const sizes = filled(g, 1);
  const x = operand(g, sizes, "f32", draws(g, "f32", [-9, 9]));
  const axis = whole(g, 0, sizes.length - 1);
  const ofAll = oracle.alongAxis(x.value, axis, (row) => row.map(() => logSum(row)));
  const first = oracle.slice(
    ofAll,
    sizes.map((_, a) => (a === axis ? [0, 1, 1] : null)),
  );
  const value = oracle.reshape(first, sizes.toSpliced(axis, 1));
  return computed(
    `logSumExp[${axis}]`,
    [x],
    ([t]) => logSumExp(t!, axis),
    value,
    (_, accuracy) => value.data.map(() => 2 * logSumError(sizes[axis]!, accuracy)),
  );
}

/** Rows divided by a root of a sum of squares: half its relative error, and two roundings. */
const ofSize = (value: oracle.Value, { unit, of }: Accuracy): number[] =>
  value.data.map((y) => Math.abs(y) * ((value.shape.at(-1)! + 8) * unit + 2 * of("rsqrt")));

function rmsNormSample(g: Gen): Sample {
  const sizes = shape(g, 1);
  const features = sizes.at(-1)!;
  const epsilon = pick(g, [1e-6, 1e-2]);
  const draw = draws(g, "f32", [-3, 3]);
  const [x, weight] = [operand(g, sizes, "f32", draw), operand(g, [features], "f32", draw, 1)];
  const value = oracle.alongAxis(x.value, sizes.length - 1, (row) => {
    const square = row.reduce((sum, v) => sum + v * v, 0) / features;
    return row.map((v, f) => (v * weight.value.data[f]!) / Math.sqrt(square + epsilon));
  });
  return computed(
    "rmsNorm",
    [x, weight],
    ([t, w]) => rmsNorm(t!, w!, epsilon),
    value,
    (_, accuracy) => ofSize(value, accuracy),
  );
}

function l2NormalizeSample(g: Gen): Sample {
  const sizes = shape(g, 1);
  const x = operand(g, sizes, "f32", draws(g, "f32", [-3, 3]));
  const value = oracle.alongAxis(x.value, sizes.length - 1, (row) => {
    const length = Math.max(Math.hypot(...row), 1e-12);
    return row.map((v) => v / length);
  });
  return computed(
    "l2Normalize",
    [x],
    ([t]) => l2Normalize(t!),
    value,
    (_, accuracy) => ofSize(value, accuracy),
  );
}

/** An elementwise composite of few ops, each as good as the worst of them, relative to max(1, |y|). */
function elementSample(
  g: Gen,
  name: string,
  f: (x: Tensor) => Tensor,
  of: (x: number) => number,
  worst: string,
): Sample {
  const x = operand(g, shape(g), "f32", draws(g, "f32", [-9, 9]));
  const value = { ...x.value, data: x.value.data.map(of) };
  return computed(
    name,
    [x],
    ([t]) => f(t!),
    value,
    (_, accuracy) =>
      x.value.data.map((v) => (accuracy.of(worst) + 8 * accuracy.unit) * Math.max(1, Math.abs(v))),
  );
}

const { sigmoid, erf, softplus } = oracle.scalarOps as Record<string, (x: number) => number>;
const bend = (x: number): number => Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3);

/** The loss of each row, as `crossEntropyWithLogits` reduces it. */
function crossEntropySample(g: Gen): Sample {
  const [numRows, numClasses] = filled(g, 2, 2) as [number, number];
  const z = operand(g, [numRows, numClasses], "f32", draws(g, "f32", [-9, 9]));
  const labels = Array.from({ length: numRows }, () => whole(g, 0, numClasses - 1));
  const value = oracle.fill([numRows], "f32", ([r]) => {
    const row = z.value.data.slice(r! * numClasses, (r! + 1) * numClasses);
    return logSum(row) - row[labels[r!]!]!;
  });
  return computed(
    `crossEntropy[${labels}]`,
    [z],
    ([t]) => record("crossEntropy", [t!, indices(labels)], [numRows], "f32"),
    value,
    (_, accuracy) => value.data.map(() => 2 * logSumError(numClasses, accuracy)),
  );
}

function binaryCrossEntropySample(g: Gen): Sample {
  const sizes = shape(g);
  const z = operand(g, sizes, "f32", draws(g, "f32", [-99, 99]));
  const t = operand(g, broadcastTo(g, sizes), "f32", draws(g, "f32", [0, 1]));
  const positiveWeight = pick(g, [1, 0.25, 8]);
  const value = oracle.fill(sizes, "f32", (index) => {
    const [logit, label] = [oracle.at(z.value, index), oracle.at(t.value, index)];
    return positiveWeight * label * softplus!(-logit) + (1 - label) * softplus!(logit);
  });
  return computed(
    `binaryCrossEntropy[${positiveWeight}]`,
    [z, t],
    ([x, y]) => record("binaryCrossEntropy", [x!, y!], sizes, "f32", { values: [positiveWeight] }),
    value,
    (_, { unit, of }) =>
      value.data.map((y) => 8 * unit * y + (1 + positiveWeight) * (of("softplus") + 8 * unit)),
  );
}

export const rowSamples: Readonly<Record<string, (g: Gen) => Sample>> = {
  softmax: softmaxSample,
  logSoftmax: logSoftmaxSample,
  logSumExp: logSumExpSample,
  layerNorm: layerNormSample,
  rmsNorm: rmsNormSample,
  l2Normalize: l2NormalizeSample,
  crossEntropy: crossEntropySample,
  binaryCrossEntropy: binaryCrossEntropySample,
  silu: (g) => elementSample(g, "silu", silu, (x) => x * sigmoid!(x), "sigmoid"),
  gelu: (g) => elementSample(g, "gelu", gelu, (x) => (x / 2) * (1 + erf!(x / Math.SQRT2)), "erf"),
  "gelu by tanh": (g) =>
    elementSample(
      g,
      "gelu[tanh]",
      (x) => gelu(x, "tanh"),
      (x) => (x / 2) * (1 + Math.tanh(bend(x))),
      "tanh",
    ),
};
