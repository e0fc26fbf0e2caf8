/** Plans for devices that bind few buffers at once: WebGPU promises eight. */
import { describe, expect, test } from "vitest";
import { Device } from "../../src/engine/runtime/device.ts";
import { jsBackend } from "../../src/engine/runtime/js.ts";
import {
  Adam,
  crossAttention,
  gradients,
  indices,
  Mlp,
  mse,
  type PlanOptions,
  parameters,
  Rng,
  realize,
  type Tensor,
  tensor,
  valueAndGrad,
  withPlan,
} from "../../src/index.ts";
import { useDevice } from "../helpers/backends.ts";

useDevice("js");

const upload = async (t: Tensor): Promise<Tensor> => tensor(await t.data(), t.shape);

/** Attention with all it may have, and the gradients of all its operands; from the host. */
async function attentionWithEverything(): Promise<Tensor[]> {
  const rng = new Rng(1);
  const rows = [1, 6, 2, 4];
  const shapes = [rows, rows, rows, [1, 2, 6, 6], rows];
  const [q, k, v, bias, seed] = await Promise.all(shapes.map((s) => upload(rng.normal(s))));
  const mask = tensor([0, 0, 0, 0, 0, 1], [1, 6], { dtype: "bool" });
  const dropout = { probability: 0.3, rng: new Rng(3) };
  const options = { mask, bias: bias!, offsets: indices([0, 4, 6]), dropout };
  const y = crossAttention(q!, k!, v!, options);
  return [y, ...gradients(y, [q!, k!, v!, bias!], seed)];
}

/** A step of Adam that decays each kind of parameter otherwise, in both ways, and keeps the greatest. */
async function adamWithEverything(): Promise<Tensor[]> {
  const model = new Mlp({ sizes: [3, 4, 1], rng: new Rng(1) });
  const [x, y] = [new Rng(2).normal([5, 3]), new Rng(3).normal([5, 1])];
  await realize([x, y, ...parameters(model).values()]);
  const ofWeights = (name: string) => (name.endsWith("weight") ? 0.01 : 0);
  const adam = new Adam(model, { weightDecay: ofWeights, l2: ofWeights, amsgrad: true });
  const step = () => {
    const { value, grads } = valueAndGrad(model, (m) => mse(m.forward(x), y));
    adam.update(grads);
    return value;
  };
  await step().item();
  return [step(), ...parameters(model).values(), ...adam.state().values()];
}

/** The most buffers that a launch binds; those of a walk over lanes are counted by their programs. */
async function mostBuffers(device: Device, outputs: readonly Tensor[], options: PlanOptions) {
  const exprs = outputs.map(({ expr }) => expr);
  const { launches } = await withPlan(options, () => device.explain(exprs));
  return Math.max(...launches.map(({ reads, stores }) => reads.length + stores.length));
}

const graphs = { attentionWithEverything, adamWithEverything };
const ways: Record<string, PlanOptions> = { kernels: {}, "no kernels": { kernels: false } };

describe.each([8, 10, 16])("a device that binds %i buffers", (most) => {
  const backend = jsBackend("f32");
  const limits = { value: { ...backend.limits, inputs: most - 1 } };
  const device = new Device(Object.create(backend, { limits }));

  test.each(Object.keys(graphs))("%s binds no more", async (name) => {
    const outputs = await graphs[name as keyof typeof graphs]();
    for (const [way, options] of Object.entries(ways))
      expect(await mostBuffers(device, outputs, options), way).toBeLessThanOrEqual(most);
  });

  test("and computes the same", async () => {
    const outputs = (await attentionWithEverything()).map(({ expr }) => expr);
    await withPlan({ kernels: false }, () => device.realize(outputs));
    const usual = await attentionWithEverything();
    await realize(usual);
    for (const [which, output] of outputs.entries()) {
      const [few, many] = [await device.read(output), await usual[which]!.data()];
      // 1e-5: sums of at most six products of numbers near 1, one way and the other
      for (let i = 0; i < few.length; i++) expect(Math.abs(few[i] - many[i])).toBeLessThan(1e-5);
    }
  });
});
