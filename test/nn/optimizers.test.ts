import { expect, test } from "vitest";
import {
  Adam,
  clipByNorm,
  Linear,
  modelState,
  mse,
  type Optimizer,
  parameters,
  Rng,
  Sgd,
  Statistic,
  type Tensor,
  tensor,
  valueAndGrad,
} from "../../src/index.ts";
import { useDevice } from "../helpers/backends.ts";

useDevice("js-f64");

/** A few steps on one parameter with gradients given beforehand. */
async function run(make: (model: object) => Optimizer, gradients: number[]): Promise<number[]> {
  const model = { p: tensor([1]) };
  const optimizer = make(model);
  const values: number[] = [];
  for (const g of gradients) {
    optimizer.update(new Map([["p", tensor([g])]]));
    values.push((await model.p.data())[0]);
  }
  return values;
}

test("AdamW with amsgrad divides by the greatest mean square so far", async () => {
  const [rate, decay, epsilon] = [0.1, 0.01, 1e-8];
  const gradients = [2, 0, 0.01]; // the mean square falls after the first
  let [p, m, v, greatest] = [1, 0, 0, 0];
  const expected = gradients.map((g, i) => {
    m = 0.9 * m + 0.1 * g;
    v = 0.999 * v + 0.001 * g * g;
    greatest = Math.max(greatest, v);
    const [c1, c2] = [1 - 0.9 ** (i + 1), 1 - 0.999 ** (i + 1)];
    p = p * (1 - rate * decay) - (rate * (m / c1)) / (Math.sqrt(greatest / c2) + epsilon);
    return p;
  });
  const options = { learningRate: rate, weightDecay: decay, amsgrad: true };
  const actual = await run((model) => new Adam(model, options), gradients);
  for (const [i, value] of expected.entries()) expect(actual[i]).toBeCloseTo(value, 12);
});

test("l2 adds to the gradient, weightDecay shrinks the parameter", async () => {
  const l2 = await run((model) => new Adam(model, { learningRate: 0.1, l2: 0.5 }), [0]);
  expect(l2[0]).toBeCloseTo(0.9, 6); // Adam's first step has the size of the rate
  const decoupled = new Map([["p", 0.5]]);
  const options = { learningRate: 0.1, weightDecay: (name: string) => decoupled.get(name) ?? 0 };
  const [shrunk] = await run((model) => new Adam(model, options), [0]);
  expect(shrunk).toBeCloseTo(0.95, 12);
});

test("momentum adds up gradients", async () => {
  const make = (model: object) => new Sgd(model, { learningRate: 0.1, momentum: 0.5 });
  const values = await run(make, [1, 1, 0]);
  for (const [i, value] of [0.9, 0.75, 0.675].entries()) expect(values[i]).toBeCloseTo(value, 12);
  const [plain] = await run((model) => new Sgd(model, { learningRate: 0.1, l2: 1 }), [1]);
  expect(plain).toBeCloseTo(0.8, 12);
});

test("clipping scales all gradients by one factor, and small ones not at all", async () => {
  const grads = new Map([
    ["a", tensor([3, 0])],
    ["b", tensor([[4]].flat(), [1, 1])],
  ]);
  const { grads: clipped, norm } = clipByNorm(grads, 1);
  expect(await norm.item()).toBeCloseTo(5, 12);
  expect((await clipped.get("a")!.data())[0]).toBeCloseTo(0.6, 6);
  expect((await clipped.get("b")!.data())[0]).toBeCloseTo(0.8, 6);
  expect((await clipByNorm(grads, 10).grads.get("a")!.data())[0]).toBe(3);
  const zero = clipByNorm(new Map([["a", tensor([0])]]), 1);
  expect(await zero.grads.get("a")!.data()).toEqual(new Float64Array([0]));
});

test("a parameter that the loss does not depend on is left alone, and starts afresh later", async () => {
  const model = { used: tensor([1]), idle: tensor([1]), stopped: tensor([1]) };
  const adam = new Adam(model, { learningRate: 0.1, weightDecay: 0.1 });
  const step = async (loss: (m: typeof model) => Tensor) => {
    const { value, grads } = valueAndGrad(model, loss);
    adam.update(grads);
    await value.item();
    return [...grads.keys()];
  };
  const names = await step((m) => m.used.mul(m.stopped.stopGradient()).sum());
  expect(names).toEqual(["used"]);
  expect([await model.idle.item(), await model.stopped.item()]).toEqual([1, 1]);
  await step((m) => m.idle.sum());
  expect(await model.idle.item()).toBeCloseTo(1 * 0.99 - 0.1, 6); // bias correction of a first step
  expect(await adam.state().get("idle.step")!.item()).toBe(1);
});

test("statistics are saved with the model and never trained", () => {
  const model = { scale: tensor([1]), runningMean: new Statistic(tensor([0])) };
  expect([...parameters(model).keys()]).toEqual(["scale"]);
  expect([...modelState(model).keys()]).toEqual(["scale", "runningMean"]);
});

const optimizers = {
  adam: (model: object) => new Adam(model, { amsgrad: true, weightDecay: 0.01 }),
  sgd: (model: object) => new Sgd(model, { learningRate: 0.1, momentum: 0.9 }),
};

test.each(Object.entries(optimizers))(
  "%s continues from its state as if nothing had happened",
  async (_, make) => {
    const x = new Rng(1).normal([5, 3]);
    const step = async (model: Linear, optimizer: Optimizer) => {
      const { value, grads } = valueAndGrad(model, (m) =>
        mse(m.forward(x), x.slice([null, [0, 2]])),
      );
      optimizer.update(grads);
      await value.item();
    };
    const model = new Linear(3, 2, new Rng(2));
    const optimizer = make(model);
    for (let i = 0; i < 3; i++) await step(model, optimizer);

    const copy = new Linear(3, 2, new Rng(3));
    const stored = async (tensors: ReadonlyMap<string, Tensor>) =>
      new Map(
        await Promise.all(
          [...tensors].map(
            async ([name, t]) => [name, { shape: t.shape, data: await t.data() }] as const,
          ),
        ),
      );
    Object.assign(copy, Object.fromEntries(parameters(model)));
    const resumed = make(copy);
    resumed.load(await stored(optimizer.state()));
    await step(model, optimizer);
    await step(copy, resumed);
    expect(await copy.weight.data()).toEqual(await model.weight.data());

    const state = await stored(optimizer.state());
    state.set("other.step", { shape: [], data: new Float64Array([1]) });
    expect(() => make(copy).load(state, "run")).toThrow(
      "run: expected state of the model's parameters, got other.step",
    );
    state.delete("other.step");
    const kind = [...state.keys()].find((key) => key.startsWith("bias.") && !key.endsWith("step"))!;
    state.set(kind, { shape: [7], data: new Float64Array(7) });
    expect(() => make(copy).load(state, "run")).toThrow(
      `run: expected ${kind} of shape [2], got [7]`,
    );
  },
);
