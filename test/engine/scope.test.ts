/** What is made in a scope ends with it; what is kept does not; and misuse has a name. */
import { expect, test, vi } from "vitest";
import {
  Adam,
  commit,
  DeviceError,
  gather,
  gradients,
  indices,
  Mlp,
  mse,
  parameters,
  Rng,
  realize,
  Scope,
  scope,
  segmentSum,
  segmentsOf,
  tensor,
  valueAndGrad,
} from "../../src/index.ts";
import { useDevice, withEnv } from "../helpers/backends.ts";
import { collectGarbage } from "../helpers/gc.ts";

const device = useDevice("js");
const live = () => device().stats().bytesLive;
const disposed = /got a disposed one/;

test("a scope frees exactly what was made in it, uploads included", async () => {
  const outside = tensor([1, 2, 3]).mul(2);
  await realize([outside]);
  const before = live();
  const step = scope();
  const uploaded = tensor([4, 5, 6]);
  const y = outside.add(uploaded);
  expect([...(await y.data())]).toEqual([6, 9, 12]);
  expect(live()).toBeGreaterThan(before);
  step.end();
  expect(live()).toBe(before);
  for (const gone of [y, uploaded, y.add(1)]) await expect(gone.data()).rejects.toThrow(disposed);
  expect([...(await outside.data())]).toEqual([2, 4, 6]);
});

test("plans keep nothing of the graph that they were made for", async () => {
  await collectGarbage();
  const before = live();
  await (async () => {
    await tensor([1, 2]).exp().add(3).sum().data();
  })();
  await collectGarbage();
  expect(live()).toBe(before);
});

test("what the work returns outlives it, in whatever it is wrapped", async () => {
  await collectGarbage();
  const before = live();
  const result = await scope(async () => {
    const x = tensor([1, 2]).exp();
    await realize([x]);
    return { list: [x], named: new Map([["y", x.mul(0)]]), mean: await x.sum().item() };
  });
  expect(result.mean).toBeCloseTo(Math.E + Math.E ** 2);
  expect([...(await result.named.get("y")!.data())]).toEqual([0, 0]);
  result.list[0]!.dispose();
  result.named.get("y")!.dispose();
  await collectGarbage(); // the sum's memory went with the scope, the input's too
  expect(live()).toBe(before);
});

test("a lazy tensor that is kept keeps what it is to be computed from", async () => {
  const kept = scope(() => tensor([1, 2, 3]).add(tensor([1, 1, 1])));
  expect([...(await kept.data())]).toEqual([2, 3, 4]);
});

test("an inner scope hands on what it keeps to the outer one", async () => {
  const before = live();
  const outer = scope();
  const inner = await scope(async () => {
    const x = tensor([1]).add(1);
    await realize([x]);
    return x;
  });
  expect(await inner.item()).toBe(2);
  outer.end();
  expect(live()).toBe(before);
  await expect(inner.data()).rejects.toThrow(disposed);
});

test("a scope ends also when its work fails", async () => {
  const before = live();
  const fails = scope(async () => {
    await realize([tensor([1, 2]).add(1)]);
    throw new Error("on purpose");
  });
  await expect(fails).rejects.toThrow("on purpose");
  expect(() =>
    scope(() => {
      tensor([1]);
      throw new Error("on purpose");
    }),
  ).toThrow("on purpose");
  expect(live()).toBe(before);
});

test("steps of a training in scopes: parameters live on, memory stays the same", async () => {
  const model = new Mlp({ sizes: [3, 8, 1], rng: new Rng(1) });
  const optimizer = new Adam(model);
  const x = new Rng(2).uniform([16, 3]);
  const y = new Rng(3).uniform([16, 1]);
  await realize([x, y, ...parameters(model).values()]);
  const losses: number[] = [];
  const bytes: number[] = [];
  const steps = 12;
  for (let i = 0; i < steps; i++) {
    const step = scope();
    const { value, grads } = valueAndGrad(model, (m) => mse(m.forward(x), y));
    optimizer.update(grads);
    losses.push(await value.item());
    step.end();
    await collectGarbage(); // the parameters that were replaced
    bytes.push(live());
  }
  expect(Math.max(...bytes.slice(6))).toBeLessThanOrEqual(Math.max(...bytes.slice(0, 6)));
  expect(losses[steps - 1]).toBeLessThan(losses[0]!);
  expect([...(await [...parameters(model).values()][0]!.data())].every(Number.isFinite)).toBe(true);
});

test("committed state that is not computed when the scope ends is computed later", async () => {
  const step = scope();
  const state = tensor([1, 2]).mul(3);
  commit([state]);
  step.end();
  await tensor([0]).add(1).data();
  expect([...(await state.data())]).toEqual([3, 6]);
});

test("segments made in a scope belong to who else finds them", async () => {
  const target = indices([0, 1, 1]);
  const x = tensor([1, 2, 3], [3, 1]);
  const sums = () => segmentSum(x, segmentsOf(target, 2));
  for (let i = 0; i < 2; i++)
    await scope(async () => expect([...(await sums().data())]).toEqual([1, 5]));
  const index = indices([1, 0, 1, 0], [2, 2]); // its gradient makes a list of it that shares its memory
  for (let i = 0; i < 2; i++)
    await scope(async () => {
      const [dx] = gradients(gather(x, index).sum(), [x]);
      expect([...(await dx!.data())]).toEqual([2, 2, 0]);
    });
});

test("twice is an error, and so is an end out of order", async () => {
  const x = tensor([1, 2]).add(1);
  x.dispose(); // lazy: there is nothing to free
  expect([...(await x.data())]).toEqual([2, 3]);
  x.dispose();
  const message = "dispose: expected a tensor that has its memory, got a disposed one (f32 [2])";
  expect(() => x.dispose()).toThrow(new DeviceError(message));
  const host = tensor([1, 2]);
  host.dispose();
  expect(() => host.dispose()).toThrow(message);
  const outer = scope();
  const inner = scope();
  expect(() => outer.end()).toThrow(/^scope: expected the scope that began last to end first/);
  inner.end();
  outer.end();
  expect(() => outer.end()).toThrow("scope: expected an open scope, got an ended one");
  expect(inner[Symbol.dispose]).toBeInstanceOf(Function);
  expect(inner).toBeInstanceOf(Scope);
});

/** Computes a tensor and forgets it. */
async function leak(): Promise<void> {
  await realize([tensor(new Float32Array(100)).add(1)]);
}

test("TG_DEBUG reports tensors that were collected with their memory, and where they were made", async () => {
  const log = vi.spyOn(console, "error").mockImplementation(() => {});
  await withEnv({ TG_DEBUG: "2" }, async () => {
    await leak();
    await new Promise((next) => setTimeout(next, 0));
    await collectGarbage();
    await new Promise((next) => setTimeout(next, 0));
  });
  const lines = log.mock.calls.flat().join("\n");
  log.mockRestore();
  expect(lines).toMatch(/^trackgrad: \d+ tensors \(\d+ B\) collected without dispose$/m);
  expect(lines).toMatch(
    /^trackgrad: {3}\d+ \(\d+ B\) made at leak \(.*scope\.test\.ts:\d+:\d+\)$/m,
  );
});
