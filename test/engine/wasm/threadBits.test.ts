/** One, two and four threads give the same bits, wherever launches are cut. */
import { describe, expect, test, vi } from "vitest";
import { kernels } from "../../../kernels/index.ts";
import {
  Adam,
  attention,
  bceWithLogits,
  type HostArray,
  Linear,
  layerNorm,
  Mlp,
  ones,
  parameters,
  Rng,
  realize,
  type Tensor,
  tensor,
  valueAndGrad,
  zeros,
} from "../../../src/index.ts";
import { openDevice } from "../../../src/node/open.ts";
import { randomFrom } from "../../helpers/generate.ts";
import { randomGraph } from "../../helpers/graphs.ts";
import { type KernelName, kernelCases } from "../../helpers/kernelCases.ts";
import { recorded } from "../../helpers/samples.ts";

/** Cuts everything that can be cut, at places that differ from launch to launch. */
const cuts = vi.hoisted(() => ({ launches: 0, chunkOf: (extent: number) => extent }));
vi.mock("../../../src/engine/runtime/wasm/chunks.ts", () => ({
  chunkOf: (units: number, _: unknown, __: unknown, threads: number) =>
    threads === 1 ? Math.max(1, units) : cuts.chunkOf(units),
  chunkOfLoops: (extents: readonly number[], _: number, threads: number) => {
    const axis = cuts.launches % Math.max(1, extents.length);
    const extent = extents[axis] ?? 1;
    return { axis, length: threads === 1 ? Math.max(1, extent) : cuts.chunkOf(extent) };
  },
}));
const random = randomFrom(5);
cuts.chunkOf = (extent) => {
  cuts.launches++;
  return 1 + Math.floor(random() * Math.max(1, Math.min(extent, 9)));
};

/** The values of all tensors that `record` makes, for each number of threads. */
async function onThreads(record: () => Tensor[] | Promise<Tensor[]>): Promise<HostArray[][]> {
  const values: HostArray[][] = [];
  for (const threads of [1, 2, 4]) {
    const device = await openDevice({ backend: "wasm", threads });
    const tensors = await record();
    await realize(tensors);
    values.push(await Promise.all(tensors.map((each) => each.data())));
    await device.close();
  }
  return values;
}

function expectSameBits([one, ...others]: HostArray[][]): void {
  const words = (values: HostArray[]) =>
    values.map(({ buffer, byteOffset, length }) => new Uint32Array(buffer, byteOffset, length));
  for (const more of others) expect(words(more)).toEqual(words(one!));
}

test.each(Object.keys(kernels) as KernelName[])("kernel %s", async (name) => {
  const cases = kernelCases(name, 4, 2);
  expectSameBits(await onThreads(() => cases.flatMap(({ build }) => build())));
});

test("random graphs", async () => {
  const before = cuts.launches;
  const graphs = Array.from({ length: 60 }, (_, seed) =>
    randomGraph(seed, { dtype: "f32", steps: 12, sizes: [9, 21, 40] }),
  );
  expectSameBits(await onThreads(() => graphs.flatMap(recorded)));
  expect(cuts.launches - before).toBeGreaterThan(100); // else nothing was shown
});

describe("a training step", () => {
  test("of an MLP", async () => {
    const step = async () => {
      const rng = new Rng(3);
      const model = new Mlp({ sizes: [12, 33, 20, 1], rng });
      const adam = new Adam(model);
      const [x, y] = [rng.normal([150, 12]), rng.uniform([150, 1])];
      await realize([x, y]);
      const values: Tensor[] = [];
      for (let s = 0; s < 2; s++) {
        const { value, grads } = valueAndGrad(model, (m) => bceWithLogits(m.forward(x), y));
        adam.update(grads);
        values.push(value);
      }
      return [...values, ...parameters(model).values()];
    };
    expectSameBits(await onThreads(step));
  });

  test("through attention", async () => {
    const step = () => {
      const rng = new Rng(4);
      const [into, out] = [new Linear(6, 3 * 2 * 8, rng), new Linear(16, 1, rng)];
      const x = rng.normal([2, 90, 6]);
      const mask = tensor(
        Array.from({ length: 180 }, (_, i) => Number(i > 160)),
        [2, 90],
        { dtype: "bool" },
      );
      const { value, grads } = valueAndGrad({ into, out }, (model) => {
        const qkv = model.into.forward(x).reshape([2, 90, 3, 2, 8]);
        const y = layerNorm(attention(qkv, mask).reshape([2, 90, 16]), ones([16]), zeros([16]));
        return model.out.forward(y).square().mean();
      });
      return [value, ...grads.values()];
    };
    expectSameBits(await onThreads(step));
  });

  test("through attention in packed events, with dropout", async () => {
    const step = () => {
      const rng = new Rng(6);
      const into = new Linear(6, 3 * 2 * 8, rng);
      const begins = [0, 1, 1, 66, 130, 201];
      const x = rng.normal([1, 201, 6]);
      const offsets = tensor(begins, [begins.length], { dtype: "u32" });
      const { value, grads } = valueAndGrad({ into }, (model) => {
        const qkv = model.into.forward(x).reshape([1, 201, 3, 2, 8]);
        return attention(qkv, null, { offsets, dropout: { probability: 0.2, rng } })
          .square()
          .mean();
      });
      return [value, ...grads.values()];
    };
    expectSameBits(await onThreads(step));
  });
});
