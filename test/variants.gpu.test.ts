/** Variants of kernels for GPUs, run here on whatever adapter there is: right everywhere, chosen only there. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { kernels } from "../kernels/index.ts";
import type { KernelSpec } from "../src/engine/kernel.ts";
import {
  argsort,
  attention,
  cumsum,
  type Device,
  explain,
  gradients,
  indices,
  linear,
  matmul,
  openDevice,
  realize,
  softmax,
  tensor,
} from "../src/index.ts";
import { nodeGpu } from "../src/node/gpu.ts";
import { randomFrom, randomTensor } from "../src/testing/index.ts";
import { useDevice } from "./helpers/backends.ts";
import { type KernelName, kernelCases, largestError, referenceOf } from "./helpers/kernelCases.ts";

const openForced = async (variants: Record<string, string>, isSoftware = true): Promise<Device> => {
  const { adapter, description } = await nodeGpu({});
  const gpu = async () => ({ adapter, description, isSoftware, variants });
  return openDevice({ backend: "webgpu", gpu });
};

/** Around the edges of tiles, and long enough for several of them and for sums in parts. */
const aroundTiles = [1, 5, 63, 64, 65, 130];
const choices = {
  ...{ B: [1, 2], M: aroundTiles, N: aroundTiles, K: [1, 15, 16, 17, 40] },
  ...{
    O: aroundTiles,
    I: aroundTiles,
    E: [1, 255, 257, 1111],
    R: [1, 17, 600, 1111],
    F: [...aroundTiles, 300],
  },
};
/** Running sums whose blocks are several tiles long, of not too many numbers in all. */
const longBlocks = { O: [1, 2], N: [5, 300, 700], I: [1, 3], G: [1, 2, 5] };
const choicesOf = (name: string) =>
  ["blockSums", "scanBlocks"].includes(name) ? { ...choices, ...longBlocks } : choices;

const all = (Object.entries(kernels) as [KernelName, KernelSpec][]).flatMap(([name, spec]) =>
  (spec.variants ?? []).map(({ name: variant, needs }) => ({ name, variant, needs })),
);
const { features } = (await nodeGpu({})).adapter;

describe.each(all)("$name $variant", ({ name, variant, needs }) => {
  let device: Device;
  beforeAll(async () => {
    device = await openForced({ [name]: variant });
  });
  afterAll(() => device.close());

  const isAbsent = needs !== undefined && !features.has(needs); // then listed as skipped
  test.skipIf(isAbsent)(
    "equals the kernel's reference",
    async () => {
      for (const sample of kernelCases(name, 3, 5, choicesOf(name))) {
        const results = sample.build();
        await realize(results);
        // sums of up to 1111 products within ±1 may be off by 1111 · 2⁻²⁴ · √1111, relative to their size
        for (const [which, want] of referenceOf(sample).entries())
          expect(
            largestError(await results[which]!.data(), want),
            `${sample.text}, result ${which}`,
          ).toBeLessThan(1e-4);
      }
    },
    600_000,
  ); // software adapters take long to compile programs with barriers
});

describe("attention by workgroups", () => {
  test("takes heads wider than a tile, and events that begin anywhere in one", async () => {
    const random = randomFrom(7);
    const [data, seed] = [
      [1, 70, 3, 1, 36],
      [1, 70, 1, 36],
    ].map((shape) => randomTensor(random, shape));
    const [qkvData, seedData] = await Promise.all([data!.data(), seed!.data()]);
    const run = async () => {
      const qkv = tensor(qkvData, data!.shape);
      const y = attention(qkv, null, { offsets: indices([0, 3, 3, 40, 70]) });
      const [dx] = gradients(y, [qkv], tensor(seedData, seed!.shape));
      await realize([y, dx!]);
      return Promise.all([y.data(), dx!.data()]);
    };
    const device = await openForced({ attention: "workgroup", attentionGradient: "workgroup" });
    const got = await run();
    await device.close();
    const oracle = await openDevice({ backend: "js-f64" });
    const want = await run();
    await oracle.close();
    // sums of 37 pairs of sums of 36 products, all within ±1
    for (const [which, values] of want.entries())
      expect(largestError(got[which]!, values)).toBeLessThan(37 * 36 * 2 ** -24);
  }, 600_000);
});

describe("chosen by sizes", () => {
  let device: Device;
  beforeAll(async () => {
    device = await openForced({}, false); // as if it were a GPU
  });
  afterAll(() => device.close());
  const random = randomFrom(4);
  const draw = (...shape: number[]) => randomTensor(random, shape);

  test("no size compiles or plans anything, whichever variant it calls for", async () => {
    const counts = () => [device.stats().pipelines, device.stats().plans];
    const run = (m: number, n: number) =>
      matmul(draw(m, 20), draw(20, n)).add(draw(n)).relu().data();
    await run(3, 2);
    const before = counts();
    for (const [m, n] of [
      [100, 100],
      [9000, 40],
      [4, 300],
    ])
      await run(m!, n!);
    expect(counts()).toEqual(before);
  });

  test("sorts and running sums of them agree with the host", async () => {
    const keys = Uint32Array.from({ length: 3000 }, () => 2000 * random());
    const order = [...keys.keys()].sort((a, b) => keys[a]! - keys[b]! || a - b);
    expect([...(await argsort(indices(keys)).data())]).toEqual(order);
    let sum = 0;
    const sums = [...keys].map((key) => (sum += key));
    expect([...(await cumsum(indices(keys)).data())]).toEqual(sums);
  });

  test("what follows the product finishes it, in each variant", async () => {
    for (const [m, n] of [
      [4, 300],
      [70, 90],
      [8200, 34],
    ]) {
      const [x, weight, bias] = [draw(m!, 33), draw(n!, 33), draw(n!)];
      const y = linear(x, weight, bias).relu();
      expect((await explain([y])).launches).toHaveLength(1);
      const got = await y.data();
      const [a, w, b] = await Promise.all([x.data(), weight.data(), bias.data()]);
      let largest = 0;
      for (const [i, value] of got.entries()) {
        const [row, column] = [Math.floor(i / n!), i % n!];
        let sum = b[column]!;
        for (let k = 0; k < 33; k++) sum += a[row * 33 + k]! * w[column * 33 + k]!;
        largest = Math.max(largest, Math.abs(value - Math.max(sum, 0)));
      }
      expect(largest).toBeLessThan(33 * 33 * 2 ** -23); // 33 roundings of sums below 33
    }
  });

  test("sums in parts count as two launches", async () => {
    const [x, weight, bias] = [draw(4000, 33), draw(33, 33), draw(33)];
    await realize([x, weight, bias]);
    const [dW] = gradients(linear(x, weight, bias).square().sum(), [weight]);
    const { launches } = await explain([dW!]);
    await dW!.data(); // verified before: what is counted is the second run
    dW!.dispose();
    const before = device.stats();
    const [again] = gradients(linear(x, weight, bias).square().sum(), [weight]);
    await realize([again!]);
    expect(launches.map(({ label }) => label)).toContain("linearGradient");
    expect(device.stats().launches - before.launches).toBe(launches.length + 1);
  });

  test("sums in parts have the same bits every time", async () => {
    const [x, weight, bias] = [draw(3000, 70), draw(65, 70), draw(65)];
    const run = async () => {
      const found = gradients(linear(x, weight, bias).square().sum(), [weight, bias]);
      await realize(found);
      return Promise.all(found.map((t) => t.data()));
    };
    const first = await run();
    for (let n = 0; n < 3; n++) expect(await run()).toEqual(first);
  });
});

describe("software adapters", () => {
  const device = useDevice("webgpu");
  test("run the kernel's own program", async () => {
    const before = device().backend.pipelines;
    await matmul(tensor([1, 2], [1, 2]), tensor([3, 4], [2, 1])).data();
    expect(device().backend.pipelines).toBe(before + 1);
  });
});

test("a variant that needs what the adapter lacks says so", async () => {
  const { adapter, description } = await nodeGpu({});
  const { limits } = adapter;
  const plain = { features: new Set(), limits, requestDevice: adapter.requestDevice.bind(adapter) };
  const gpu = async () => ({
    ...{ adapter: plain as unknown as GPUAdapter, description, isSoftware: false },
    variants: { softmax: "subgroups" },
  });
  const device = await openDevice({ backend: "webgpu", gpu });
  await expect(softmax(tensor([1, 2], [1, 2])).data()).rejects.toThrow(
    "webgpu(softmax subgroups): expected an adapter with subgroups, got one without",
  );
  await device.close();
});
