/** Gradients at single points: kinks, ties, ends of domains, empty and huge segments, tracked and untracked values. */
import { binary, unary } from "../../../src/engine/ops/elementwise.ts";
import {
  attention,
  gather,
  gradients,
  indices,
  layerNorm,
  matmul,
  realize,
  scatterAdd,
  segmentMax,
  segmentMean,
  segmentMin,
  segmentSoftmax,
  segmentSum,
  segmentsOf,
  softmax,
  type Tensor,
  tensor,
  zeros,
} from "../../../src/index.ts";
import {
  adjointCheck,
  assertClose,
  randomFrom,
  randomSegments,
  randomTensor,
} from "../../../src/testing/index.ts";
import { expectFinite, expectGradients, rounding } from "./atPoints.ts";

const random = () => randomFrom(7);

export const examples: Readonly<Record<string, () => Promise<unknown>>> = {
  // kinks
  "abs has slope 0 at 0": () => expectGradients((x) => x.abs(), [[0, -2, 3]], [[0, -1, 1]]),
  "relu has slope 0 at 0": () => expectGradients((x) => x.relu(), [[0, -2, 3]], [[0, 0, 1]]),
  "maximum shares the gradient of a tie": () =>
    expectGradients(
      (a, b) => a.maximum(b),
      [
        [1, 1, 2],
        [1, 3, 0],
      ],
      [
        [0.5, 0, 1],
        [0.5, 1, 0],
      ],
    ),
  "minimum shares the gradient of a tie": () =>
    expectGradients(
      (a, b) => a.minimum(b),
      [
        [1, 1, 2],
        [1, 3, 0],
      ],
      [
        [0.5, 1, 0],
        [0.5, 0, 1],
      ],
    ),
  "a tie with a number leaves half": () =>
    expectGradients((a) => a.maximum(0), [[0, 1, -1]], [[0.5, 1, 0]]),
  "max shares the gradient among all that are greatest": () =>
    expectGradients((x) => x.max(), [[2, 5, 5, 1, 5]], [[0, 1 / 3, 1 / 3, 0, 1 / 3]]),
  "min shares the gradient among all that are least": () =>
    expectGradients((x) => x.min(), [[2, 1, 5, 1]], [[0, 0.5, 0, 0.5]]),
  "segmentMax gives the gradient to the first greatest row of the segment": () =>
    expectGradients(
      (x) => segmentMax(x, segmentsOf(indices([1, 0, 1, 1, 0]), 3)),
      [[4, 2, 9, 9, 2]],
      [[0, 1, 1, 0, 0]],
    ),
  "segmentMin gives the gradient to the first least row of the segment": () =>
    expectGradients(
      (x) => segmentMin(x, segmentsOf(indices([1, 0, 1, 1, 0]), 3)),
      [[4, 2, 3, 3, 2]],
      [[0, 1, 1, 0, 0]],
    ),
  "attention has the gradient of its formula, with many tokens and heads": async () => {
    const [batch, numTokens, heads, width] = [2, 9, 2, 3];
    const draw = random();
    const qkv = randomTensor(draw, [batch, numTokens, 3, heads, width]);
    const seed = randomTensor(draw, [batch, numTokens, heads, width]);
    const hidden = tensor(
      [1, 2].flatMap((n) => Array.from({ length: 9 }, (_, i) => +(i > 4 * n))),
      [batch, numTokens],
      { dtype: "bool" },
    );
    const [q, k, v] = [0, 1, 2].map((which) =>
      qkv
        .slice([null, null, [which, which + 1]])
        .reshape(seed.shape)
        .permute([0, 2, 1, 3]),
    );
    const scores = matmul(q, k, { transposeB: true }).mul(width ** -0.5);
    const weights = softmax(hidden.reshape([batch, 1, 1, numTokens]).select(-1e30, scores));
    const spelledOut = matmul(weights, v).permute([0, 2, 1, 3]);
    const [[found], [expected]] = [attention(qkv, hidden), spelledOut].map((y) =>
      gradients(y, [qkv], seed),
    );
    await realize([found, expected]);
    await assertClose(found, expected, rounding());
  },
  "attention ignores hidden keys": async () => {
    const hidden = tensor([0, 0, 1], [1, 3], { dtype: "bool" });
    const qkv = randomTensor(random(), [1, 3, 3, 1, 2]);
    const [found] = gradients(attention(qkv, hidden).sum(), [qkv]);
    const ofHiddenKey = found.slice([null, [2, 3], [1, 3]]);
    await assertClose(ofHiddenKey, new Float64Array(4), 0);
  },

  // ends of domains
  "sqrt has slope 0 at 0": () => expectGradients((x) => x.sqrt(), [[0, 4]], [[0, 0.25]]),
  "the norm of 0 has slope 0": () =>
    expectGradients((x) => x.square().sum().sqrt(), [[0, 0]], [[0, 0]]),
  "the norm has finite derivatives at 0": () =>
    expectFinite((x) => x.square().sum().sqrt(), [0, 0]),
  "log has a finite slope at 0": async () => {
    const x = tensor([0]);
    const [slope] = await gradients(x.log().sum(), [x])[0].data();
    if (!(slope > 1e30 && Number.isFinite(slope)))
      throw new Error(`expected a steep, finite slope of log at 0, got ${slope}`);
  },
  "log1p has a finite slope at −1": async () => {
    const x = tensor([-1]);
    const [slope] = await gradients(x.log1p().sum(), [x])[0].data();
    if (!(slope > 1e30 && Number.isFinite(slope)))
      throw new Error(`expected a steep, finite slope of log1p at −1, got ${slope}`);
  },
  "x · log x has derivatives that are numbers at 0, guarded at the input": () =>
    expectFinite((x) => x.mul(x.greater(0).select(x, 1).log()), [0, 2]),
  "powers of 0 have the slope of the power, 0 where it would be infinite": () =>
    expectGradients(
      (a, b) => a.pow(b),
      [
        [0, 0, 0, 0, 0],
        [2, 1, 0.5, 0, 3],
      ],
      [
        [0, 1, 0, 0, 0],
        [0, 0, 0, 0, 0],
      ],
    ),
  "powers of negative numbers have a slope, but none by the exponent": () =>
    expectGradients(
      (a, b) => a.pow(b),
      [
        [-2, -2, -1],
        [2, 3, -1],
      ],
      [
        [-4, 12, -1],
        [0, 0, 0],
      ],
    ),
  "powers have finite derivatives at 0": () =>
    expectFinite((a, b) => a.pow(b), [0, 0, 0, 0, 0], [3, 2, 1, 0.5, 0]),
  "a constant square has the slope 2x on both sides": () =>
    expectGradients((x) => x.pow(2), [[-3, 0, 3]], [[-6, 0, 6]]),
  "atan2 has slopes 0 at the origin": () =>
    expectGradients(
      (y, x) => y.atan2(x),
      [
        [0, 0, 1],
        [0, 2, 0],
      ],
      [
        [0, 0.5, 0],
        [0, 0, -1],
      ],
    ),
  "saturated ops have slope 0, not NaN": async () => {
    const far = [-90, 90];
    await expectGradients((x) => x.tanh(), [far], [[0, 0]]);
    await expectGradients((x) => x.erf(), [far], [[0, 0]]);
    await expectGradients((x) => x.sigmoid(), [far], [[0, 0]]);
    await expectGradients((x) => x.softplus(), [far], [[0, 1]]);
    await expectGradients((x) => softmax(x), [[-900, 900, 0]], [[0, 0, 0]]);
  },
  "a guarded quotient leaks no NaN": () =>
    expectGradients(
      (x) => x.equal(0).select(0, x.equal(0).select(1, x).reciprocal()),
      [[0, 2]],
      [[0, -0.25]],
    ),
  "equal rows are normalised with finite slopes": () =>
    expectGradients(
      (x) => layerNorm(x.reshape([2, 2]), tensor([1, 1]), zeros([2])).square(),
      [[3, 3, 5, 5]],
      [[0, 0, 0, 0]],
    ),

  // segments
  "an empty segment receives and gives nothing": () =>
    expectGradients(
      (x) => segmentMean(x, segmentsOf(indices([2, 2, 0]), 4)).mul(tensor([2, 3, 5, 7])),
      [[1, 2, 3]],
      [[2.5, 2.5, 2]],
    ),
  "duplicate rows add up their gradients": () =>
    expectGradients(
      (x) => gather(x, indices([1, 1, 0, 1], [2, 2])).mul(tensor([1, 2, 3, 4], [2, 2])),
      [[0, 0, 9]],
      [[3, 7, 0]],
    ),
  "no rows at all": async () => {
    const x = zeros([0, 3]);
    const nothing = segmentsOf(indices([]), 2);
    for (const reduced of [segmentSum, segmentMax, segmentMin, segmentMean, segmentSoftmax])
      await assertClose(gradients(reduced(x, nothing).sum(), [x])[0], zeros([0, 3]), 0);
  },
  "no segments at all": async () => {
    const x = zeros([0, 3]);
    const sum = segmentSum(x, segmentsOf(indices([]), 0));
    await assertClose(gradients(sum.sum(), [x])[0], zeros([0, 3]), 0);
  },
  "gather and the sum over segments are transposes, at any size": async () => {
    for (const [numRows, numSegments] of [
      [3000, 7],
      [500, 900],
      [1, 1],
    ]) {
      const target = randomSegments(random(), numRows, numSegments);
      const rows = indices(target);
      const segments = segmentsOf(rows, numSegments);
      const [x, y] = [
        [numRows, 3],
        [numSegments, 3],
      ].map((shape) => randomTensor(random(), shape));
      await adjointCheck((t) => segmentSum(t, segments), x);
      await adjointCheck((t) => segmentMean(t, segments), x);
      await adjointCheck((t) => scatterAdd(t, rows, numSegments), x);
      await adjointCheck((t) => gather(t, rows), y);
    }
  },
  "the softmax of a huge segment": async () => {
    const numRows = 2000;
    const x = randomTensor(random(), [numRows], { domain: [-9, 9] });
    const one = segmentsOf(indices(new Uint32Array(numRows)), 1);
    const seed = randomTensor(random(), [numRows]);
    const [found] = gradients(segmentSoftmax(x, one), [x], seed);
    const [expected] = gradients(softmax(x), [x], seed);
    await assertClose(found, await expected.data(), rounding());
  },
  "products at any size are adjoint": async () => {
    const [a, b] = [
      [4, 30, 40],
      [40, 50],
    ].map((shape) => randomTensor(random(), shape));
    await adjointCheck((x) => matmul(x, b), a);
    await adjointCheck((x) => matmul(a, x), b);
  },

  // what is tracked
  "a tensor that is used many times collects every gradient": () =>
    expectGradients(
      (x) => Array.from({ length: 40 }, () => x.mul(x)).reduce((sum, part) => sum.add(part), x),
      [[2, -1]],
      [[161, -79]],
    ),
  "a long chain of ops": () =>
    expectGradients(
      (x) => Array.from({ length: 301 }).reduce((y: Tensor) => y.neg(), x),
      [[1]],
      [[-1]],
    ),
  "an input that is not used has gradient 0, in its shape": async () => {
    const [used, unused] = [tensor([1, 2]), tensor([1, 2, 3, 4, 5, 6], [2, 3])];
    await assertClose(gradients(used.sum(), [unused, used])[0], zeros([2, 3]), 0);
  },
  "an input given twice has the same gradient twice": async () => {
    const x = tensor([3]);
    for (const found of gradients(x.square(), [x, x])) await assertClose(found, [6], 0);
  },
  "the loss itself has gradient 1": async () => {
    const loss = tensor([3]).square();
    await assertClose(gradients(loss, [loss])[0], [1], 0);
  },
  "a value between has a gradient, alone and beside what it came from": async () => {
    const x = tensor([1, 2]);
    const between = x.square();
    const loss = between.mul(x).sum(); // x³
    const [ofX, ofBetween] = gradients(loss, [x, between]);
    await assertClose(ofX, [3, 12], rounding());
    await assertClose(ofBetween, x, rounding());
    await assertClose(gradients(loss, [between])[0], x, rounding());
  },
  "a value between that has no derivative itself": async () => {
    const product = tensor([2, 3]).prod({ keepAxes: true });
    await assertClose(gradients(product.square(), [product])[0], [12], 0);
    const converted = tensor([2, 3], [2], { dtype: "i32" }).cast("f32");
    await assertClose(gradients(converted.square().sum(), [converted])[0], [4, 6], 0);
  },
  "no gradient passes stopGradient": () =>
    expectGradients((x) => x.mul(x.stopGradient()), [[3, 4]], [[3, 4]]),
  "what stopGradient returns has a gradient of its own": async () => {
    const x = tensor([3, 4]);
    const fixed = x.stopGradient();
    const [ofFixed, ofX] = gradients(fixed.square().mul(x).sum(), [fixed, x]);
    await assertClose(ofFixed, [18, 32], rounding());
    await assertClose(ofX, [9, 16], rounding());
  },
  "no gradient passes integers, comparisons or positions": async () => {
    const x = tensor([3, 1, 2]);
    const counted = x
      .greater(1)
      .cast("f32")
      .add(x.argmax().cast("f32"))
      .add(x.cast("i32").cast("f32"));
    await assertClose(gradients(counted.sum(), [x])[0], [0, 0, 0], 0);
  },
  "gradients before and after the loss is computed agree": async () => {
    const x = tensor([1, 2, 3]);
    const loss = softmax(x.square()).mul(x).sum();
    const before = gradients(loss, [x])[0];
    await loss.data();
    const between = gradients(loss, [x])[0];
    await before.data();
    await assertClose(between, before, 0);
    await assertClose(gradients(loss, [x])[0], before, 0);
  },
  "gradients of gradients of gradients": async () => {
    const x = tensor([2]);
    let y = x.pow(4);
    for (let order = 1; order <= 4; order++) y = gradients(y, [x])[0];
    await assertClose(y, [24], rounding());
  },
  "a seed weighs the elements of the loss": async () => {
    const x = tensor([1, 2]);
    await assertClose(gradients(x.square(), [x], tensor([10, 1]))[0], [20, 4], 0);
  },
  "every row of the tables that has no derivative is a step or no number": async () => {
    const without = [...Object.entries(unary), ...Object.entries(binary)]
      .filter(([, { grad }]) => !grad)
      .map(([name]) => name);
    const steps =
      "sign floor not equal less lessEqual greater greaterEqual and or orderedBits".split(" ");
    if (without.some((name) => !steps.includes(name)))
      throw new Error(`expected derivatives of all but ${steps}, got none of ${without}`);
  },
};
