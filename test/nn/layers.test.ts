import { expect, test } from "vitest";
import {
  type ActivationName,
  activationNamed,
  activations,
  BatchNorm,
  Dropout,
  gradients,
  LayerNorm,
  l2Normalize,
  Mlp,
  modelState,
  parameters,
  Rng,
  tensor,
  valueAndGrad,
  xavierNormal,
  xavierUniform,
} from "../../src/index.ts";
import { useDevice } from "../helpers/backends.ts";

useDevice("js-f64");

test.each(Object.keys(activations) as ActivationName[])(
  "%s is finite far out and has the slope of its values",
  async (name) => {
    const activation = activations[name];
    const at = [-200, -3, -0.5, 1e-3, 0.7, 4, 200];
    const x = tensor(at);
    const [dx] = gradients(activation(x).sum(), [x]);
    const slope = await dx.data();
    const [above, below] = await Promise.all(
      [1e-5, -1e-5].map((step) => activation(x.add(step)).data()),
    );
    for (const [i] of at.entries())
      expect(Math.abs(slope[i] - (above[i] - below[i]) / 2e-5)).toBeLessThan(1e-8); // error of the difference
  },
);

test("elu has slope 1 at 0", async () => {
  const x = tensor([0]);
  expect(await gradients(activations.elu(x).sum(), [x])[0].item()).toBe(1);
});

test("activations are found under the names of configurations", () => {
  expect(["SiLU", "ReLU", "Tanh", "toString"].map(activationNamed)).toEqual([
    "silu",
    "relu",
    "tanh",
    null,
  ]);
});

test("names of parameters are those of the published factories", () => {
  const rng = new Rng(1);
  const names = (mlp: Mlp) => [...modelState(mlp).keys()].filter((name) => !name.endsWith("bias"));
  const sizes = [3, 4, 2];
  const plain = (n: number) => new LayerNorm(n, { isAffine: false });
  expect(names(new Mlp({ sizes, rng }))).toEqual(["0.weight", "2.weight"]);
  expect(names(new Mlp({ sizes, norms: [plain], rng }))).toEqual(["0.weight", "3.weight"]);
  const nested = new Mlp({
    sizes,
    norms: [(n) => new BatchNorm(n)],
    isNormLast: true,
    isNested: true,
    rng,
  });
  expect(names(nested)).toEqual([
    "0.0.weight",
    "0.2.weight",
    "0.2.runningMean",
    "0.2.runningVar",
    "1.weight",
  ]);
  expect([...parameters(nested).keys()]).not.toContain("0.2.runningMean");
});

test("an Mlp of one size is refused", () => {
  expect(() => new Mlp({ sizes: [3], rng: new Rng(1) })).toThrow(
    "Mlp(sizes): expected input and output widths, got [3]",
  );
});

test("batch statistics while training, running ones otherwise", async () => {
  const norm = new BatchNorm(2, { momentum: 0.5 });
  const x = tensor([1, 10, 3, 10, 5, 13], [3, 2]);
  const y = await norm.forward(x, { rng: new Rng(1) }).data();
  const scale = Math.sqrt(8 / 3 + 1e-5); // biased variance of 1, 3, 5
  for (const [row, value] of [-2, 0, 2].entries())
    expect(y[2 * row]).toBeCloseTo(value / scale, 12);
  expect([...(await norm.runningMean!.value.data())]).toEqual([1.5, 5.5]);
  expect([...(await norm.runningVar!.value.data())]).toEqual([0.5 + 0.5 * 4, 0.5 + 0.5 * 3]);
  const inferred = await norm.forward(x).data();
  expect(inferred[0]).toBeCloseTo((1 - 1.5) / Math.sqrt(2.5 + 1e-5), 12);
  expect(() => norm.forward(tensor([1, 2]))).toThrow(
    "BatchNorm(x): expected [R, features], got [2]",
  );
});

test("without running statistics, a batch is normalised by itself also when inferring", async () => {
  const norm = new BatchNorm(1, { momentum: null, isAffine: false });
  expect([...modelState(norm).keys()]).toEqual([]);
  const y = await norm.forward(tensor([1, 3], [2, 1])).data();
  expect(y[1]).toBeCloseTo(1, 4);
});

test("dropout keeps its share, scales it, and drops the same in backward", async () => {
  const dropout = new Dropout(0.25);
  const x = tensor(new Float64Array(20000).fill(1));
  const { value, grads } = valueAndGrad({ x }, (m) =>
    dropout.forward(m.x, { rng: new Rng(3) }).sum(),
  );
  const y = await dropout.forward(x, { rng: new Rng(3) }).data();
  expect(await grads.get("x")!.data()).toEqual(y); // a linear map: its gradient is its value at 1
  const kept = y.filter((v) => v !== 0);
  for (const v of kept.slice(0, 5)) expect(v).toBeCloseTo(4 / 3, 6);
  // 5 standard deviations of a binomial distribution
  expect(Math.abs(kept.length - 15000)).toBeLessThan(5 * Math.sqrt(20000 * 0.25 * 0.75));
  expect(await value.item()).toBeGreaterThan(0);
  expect(dropout.forward(x)).toBe(x);
  expect(() => new Dropout(1)).toThrow("Dropout: expected a probability in [0, 1), got 1");
});

test("rows of length 1, and a row of zeros without NaN", async () => {
  const x = tensor([3, 4, 0, 0], [2, 2]);
  const y = l2Normalize(x);
  const values = await y.data();
  expect(values[0]).toBeCloseTo(0.6, 12);
  expect(values[2]).toBe(0);
  expect((await gradients(y.sum(), [x])[0].data()).every(Number.isFinite)).toBe(true);
});

test("Xavier initialisers have the variance 2 / (inputs + outputs)", async () => {
  const shape = [300, 100];
  for (const init of [xavierUniform, xavierNormal]) {
    const weights = Float64Array.from(await init(shape, new Rng(5)).data());
    const variance = weights.reduce((sum, w) => sum + w * w, 0) / weights.length;
    expect(Math.abs(variance * 200 - 1)).toBeLessThan(0.05); // 30 000 samples: 4 deviations at most
  }
});
