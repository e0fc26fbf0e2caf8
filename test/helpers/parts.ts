/** Kernels with several results: what reads which of them, when, and what it costs. */
import { beforeAll, describe, expect, test } from "vitest";
import { defineComposite, partOf } from "../../src/engine/composite.ts";
import { defineKernel, useKernels } from "../../src/engine/kernel.ts";
import { wrap } from "../../src/engine/tensor.ts";
import {
  attention,
  type BackendName,
  explain,
  gradients,
  Rng,
  realize,
  Tensor,
  tensor,
  zeros,
} from "../../src/index.ts";
import { useDevice } from "./backends.ts";

/** y = 2x, and per row the sum and whether it is positive. */
const double = defineComposite({
  name: "testDouble",
  shape: ([x]) => x!.shape,
  compose: ([x]) => new Tensor(x!).mul(2).expr,
  parts: {
    sums: {
      shape: ([x]) => [x!.shape[0]!],
      compose: ([x]) => new Tensor(x!).sum({ axes: 1 }).expr,
    },
    isPositive: {
      shape: ([x]) => [x!.shape[0]!],
      dtype: "bool",
      compose: ([x]) => new Tensor(x!).sum({ axes: 1 }).greater(0).expr,
    },
  },
});

const doubleKernel = defineKernel({
  name: "testDouble",
  inputs: { x: "f32 [R, F]" },
  output: "f32 [R, F]",
  more: { sums: "f32 [R]", isPositive: "bool [R]" },
  finishes: true,
  threads: ({ R }) => R!,
  reference([x], y, { R, F }, _attrs, { sums, isPositive }) {
    for (let r = 0; r < R!; r++) {
      for (let f = 0; f < F!; f++) {
        y[r * F! + f] = 2 * x![r * F! + f]!;
        sums![r]! += x![r * F! + f]!;
      }
      isPositive![r] = Number(sums![r]! > 0);
    }
  },
  wgsl: /* wgsl */ `
    var sum = 0.0;
    for (var f = 0u; f < dims.F; f++) {
      sum += x[i * dims.F + f];
      store(i * dims.F + f, 2.0 * x[i * dims.F + f]);
    }
    storeSums(i, sum);
    storeIsPositive(i, sum > 0.0);`,
});

const labels = async (outputs: Tensor[]): Promise<string[]> =>
  (await explain(outputs)).launches.map(({ label }) => label);

export function describeParts(backend: BackendName): void {
  describe(`results of one kernel on ${backend}`, () => {
    const device = useDevice(backend);
    beforeAll(() => useKernels([doubleKernel]));
    const make = () => {
      const x = tensor([1, 2, -3, -4], [2, 2]);
      const y = wrap(double([x.expr]), [x]);
      const part = (name: string) => wrap(partOf(y.expr, name), [y]);
      return { x, y, sums: part("sums"), isPositive: part("isPositive") };
    };

    test("come from one launch, whichever are read", async () => {
      const { y, sums, isPositive } = make();
      const shifted = sums.add(1);
      expect(await labels([y, shifted])).toEqual(["testDouble", "add"]);
      await realize([y, shifted, isPositive]);
      expect([...(await y.data())]).toEqual([2, 4, -6, -8]);
      expect([...(await shifted.data())]).toEqual([4, -6]);
      expect([...(await isPositive.data())]).toEqual([1, 0]);
    });

    test("are made again for a reader that comes after the others were computed", async () => {
      const { y, sums, isPositive } = make();
      await y.data();
      await realize([sums.add(0), isPositive]);
      expect([...(await isPositive.data())]).toEqual([1, 0]);
      expect([...(await sums.data())]).toEqual([3, -7]);
    });

    test("leave no memory behind where nobody reads them", async () => {
      const { x, y } = make();
      await x.add(0).data(); // uploads x
      const { bytesLive } = device().stats();
      await y.data();
      y.dispose();
      expect(device().stats().bytesLive).toBe(bytesLive);
    });

    test("do not keep elementwise ops from finishing the first, unless these read them", async () => {
      const late = make();
      const finished = late.y.add(1);
      expect(await labels([finished, late.sums.mul(3)])).toEqual(["testDouble+add", "mul"]);
      await realize([finished, late.sums]);
      expect([...(await finished.data())]).toEqual([3, 5, -5, -7]);
      expect([...(await late.sums.data())]).toEqual([3, -7]);

      const early = make();
      const both = early.y.add(early.sums.reshape([2, 1]));
      expect(await labels([both])).toEqual(["testDouble", "add"]);
      expect([...(await both.data())]).toEqual([5, 7, -13, -15]);
    });

    test("have gradients through the composition, alone and together", async () => {
      const { x, y, sums } = make();
      const [alone] = gradients(sums.square().sum(), [x]);
      expect([...(await alone!.data())]).toEqual([6, 6, -14, -14]);
      const [together] = gradients(sums.square().sum().add(y.sum()), [x]);
      expect([...(await together!.data())]).toEqual([8, 8, -12, -12]);
    });

    test("attention and its gradient take three launches", async () => {
      const packed = new Rng(1).normal([2, 3, 3, 2, 4]);
      await realize([packed]);
      const mask = zeros([2, 3]).greater(0);
      await realize([mask]);
      const y = attention(packed, mask);
      const seed = tensor(new Float32Array(y.size).fill(1), y.shape);
      const [gradient] = gradients(y, [packed], seed);
      expect(await labels([y, gradient!])).toEqual(["attention", "sum", "attentionGradient"]);
    });
  });
}
