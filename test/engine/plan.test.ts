import { expect, test, vi } from "vitest";
import { defineComposite } from "../../src/engine/composite.ts";
import { attention, Rng, Tensor, tensor } from "../../src/index.ts";
import { useDevice, withEnv } from "../helpers/backends.ts";

const device = useDevice("js");

test("with TG_KERNELS=0 no kernel runs, also none inside a composition", async () => {
  const compileKernel = vi.spyOn(device().backend, "compileKernel");
  const packed = tensor(await new Rng(1).normal([2, 3, 3, 2, 4]).data(), [2, 3, 3, 2, 4]);
  const mask = tensor([0, 0, 1, 0, 0, 0], [2, 3], { dtype: "bool" });
  const composed = await withEnv({ TG_KERNELS: "0" }, () => attention(packed, mask).data());
  expect(compileKernel).not.toHaveBeenCalled();
  const direct = await attention(packed, mask).data();
  expect(compileKernel).toHaveBeenCalledTimes(1);
  for (const [i, y] of composed.entries()) expect(y).toBeCloseTo(direct[i]!, 6);
});

test("a composition may use composites of which no kernel exists", async () => {
  const inner = defineComposite({
    name: "testTwice",
    shape: ([x]) => x!.shape,
    compose: ([x]) => new Tensor(x!).mul(2).expr,
  });
  const outer = defineComposite({
    name: "testFourTimes",
    shape: ([x]) => x!.shape,
    compose: ([x]) => inner([inner([x!])]),
  });
  const x = tensor([1, 2, 3]);
  expect([...(await new Tensor(outer([x.expr])).data())]).toEqual([4, 8, 12]);
});

test("sums of shifted copies of themselves do not double the program at each level", async () => {
  let x = tensor(Float64Array.from({ length: 40 }, (_, i) => (i === 0 ? 1 : 0))).add(0);
  for (let level = 0; level < 30; level++)
    x = x.slice([[1, x.size]]).add(x.slice([[0, x.size - 1]]));
  const started = performance.now();
  await x.data();
  expect(performance.now() - started).toBeLessThan(2000); // 2³⁰ paths would take hours
});
