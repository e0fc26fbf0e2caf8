/** Parameters share a buffer, so that one launch updates them all; nobody else notices. */
import { expect, test } from "vitest";
import {
  Adam,
  clipByNorm,
  DeviceError,
  type Optimizer,
  parameters,
  Rng,
  Sgd,
  setParameters,
  type Tensor,
  tensor,
  valueAndGrad,
} from "../../src/index.ts";
import { useDevice } from "../helpers/backends.ts";

const device = useDevice("js-f64");

const modelOf = () => ({
  a: tensor([1, 2, 3, 4, 5, 6], [2, 3]),
  b: { c: tensor([7]), d: tensor([8, 9]) },
});
type Model = ReturnType<typeof modelOf>;

const gradientsOf = (scale: number, names = ["a", "b.c", "b.d"]): Map<string, Tensor> => {
  const shapes = { a: [2, 3], "b.c": [1], "b.d": [2] } as Record<string, number[]>;
  return new Map(names.map((name) => [name, new Rng(scale).normal(shapes[name]!).mul(scale)]));
};

async function bitsOf(model: object): Promise<number[][]> {
  return Promise.all([...parameters(model).values()].map(async (p) => [...(await p.data())]));
}

/** What an update of all parameters together costs, beside the gradients themselves. */
async function costOf(step: () => Promise<unknown>) {
  const before = device().stats();
  await step();
  const { launches, plans, submits } = device().stats();
  return {
    launches: launches - before.launches,
    plans: plans - before.plans,
    submits: submits - before.submits,
  };
}

const loss = (m: Model) => m.a.square().sum().add(m.b.c.mul(m.b.d).sum());

test.each([
  ["Adam", (m: object) => new Adam(m, { amsgrad: true, weightDecay: 0.1 }), 1],
  ["Adam with clipping", (m: object) => new Adam(m, { l2: 0.1 }), 2],
  ["Sgd", (m: object) => new Sgd(m, { learningRate: 0.1, momentum: 0.9 }), 1],
] as const)(
  "%s: one launch after the gradients, one plan for all steps",
  async (name, make, most) => {
    const model = modelOf();
    const optimizer: Optimizer = make(model);
    const step = async (isUpdating: boolean) => {
      const { value, grads } = valueAndGrad(model, loss);
      const found = name.endsWith("clipping") ? clipByNorm(grads, 1).grads : grads;
      if (isUpdating) optimizer.update(found);
      await value.item();
    };
    const first = await costOf(() => step(true));
    expect(first.submits).toBe(2); // packing, then the step
    const forward = await costOf(() => step(false));
    const whole = await costOf(() => step(true));
    expect(whole).toMatchObject({ plans: 0, submits: 1 });
    expect(whole.launches).toBeLessThanOrEqual(forward.launches + 3 + most);
  },
);

test("gradients that come and go: each parameter is updated as if it were alone", async () => {
  const decay = (name: string) => (name === "a" ? 0.5 : 0);
  const rounds = [
    ["a", "b.c", "b.d"],
    ["a", "b.c"],
    ["a", "b.c"],
    ["b.d"],
    ["a", "b.c", "b.d"],
    [],
  ];
  const options = { learningRate: 0.1, weightDecay: decay, l2: decay };
  const model = modelOf();
  const adam = new Adam(model, options);
  const alone = new Map(
    [...parameters(modelOf())].map(([name, p]) => {
      const only = { p };
      const setting = () => decay(name);
      return [
        name,
        { only, adam: new Adam(only, { ...options, weightDecay: setting, l2: setting }) },
      ];
    }),
  );
  for (const [round, names] of rounds.entries()) {
    const grads = gradientsOf(round + 1, names);
    adam.update(grads);
    for (const [name, one] of alone)
      one.adam.update(new Map([...grads].flatMap(([n, g]) => (n === name ? [["p", g]] : []))));
  }
  for (const [name, p] of parameters(model)) {
    const [expected, actual] = [await alone.get(name)!.only.p.data(), await p.data()];
    for (const [i, value] of expected.entries()) expect(actual[i]).toBeCloseTo(value, 12);
  }
  const steps = [...adam.state()].filter(([name]) => name.endsWith(".step"));
  const counts = await Promise.all(steps.map(async ([name, t]) => [name, await t.item()]));
  expect(counts).toEqual([
    ["a.step", 4],
    ["b.c.step", 4],
    ["b.d.step", 3],
  ]);
  // from here on, nothing is planned for the same gradients
  const update = async (names: string[]) => {
    adam.update(gradientsOf(3, names));
    await model.a.data();
  };
  for (const names of [["a", "b.c"], ["b.d"]]) await update(names);
  for (const names of [["a", "b.c"], ["b.d"]])
    expect((await costOf(() => update(names))).plans).toBe(0);
});

test("a step may be held and read until the next one is computed, not longer", async () => {
  const model = modelOf();
  const adam = new Adam(model);
  const step = async () => {
    adam.update(gradientsOf(1));
    await model.a.data();
  };
  await step();
  const [held, late] = [model.a, model.a.mul(2)];
  const known = await held.data();
  await step();
  expect(await held.data()).toEqual(known);
  expect((await late.data())[0]).toBe(2 * known[0]!);
  await step();
  await expect(held.data()).rejects.toThrow(DeviceError);
  // several steps that are computed together need each other's results
  adam.update(gradientsOf(1));
  adam.update(gradientsOf(2));
  adam.update(gradientsOf(3));
  expect((await model.a.data()).every(Number.isFinite)).toBe(true);
});

test("parameters that another model with an optimizer has got stay its own", async () => {
  const model = modelOf();
  const adam = new Adam(model);
  adam.update(gradientsOf(1));
  const other = modelOf();
  setParameters(other, parameters(model));
  const its = new Adam(other);
  const expected = await bitsOf(model);
  for (let step = 0; step < 4; step++) {
    adam.update(gradientsOf(1));
    await model.a.data();
  }
  expect(await bitsOf(other)).toEqual(expected);
  its.update(gradientsOf(2, ["b.c"]));
  expect((await bitsOf(other))[0]).toEqual(expected[0]);
  expect((await bitsOf(other))[1]).not.toEqual(expected[1]);
});

test("parameters put in by hand are those that the next step starts from", async () => {
  const [model, fresh] = [modelOf(), modelOf()];
  const sgd = new Sgd(model, { learningRate: 1 });
  sgd.update(gradientsOf(1));
  await model.a.data();
  setParameters(model, parameters(fresh));
  const grads = gradientsOf(2);
  sgd.update(grads);
  const [before, g, after] = [
    await fresh.a.data(),
    await grads.get("a")!.data(),
    await model.a.data(),
  ];
  for (const [i, p] of before.entries()) expect(after[i]).toBeCloseTo(p - g[i]!, 12);
});
