import { expect, test } from "vitest";
import {
  gather,
  gradients,
  indices,
  matmul,
  openDevice,
  realize,
  tensor,
  zeros,
} from "../../src/index.ts";

test("gradients lie on the device of what they are gradients of", async () => {
  const device = await openDevice({ backend: "js-f64" });
  const x = tensor([0.1, 0.2], [2], { device });
  const loss = x.square().mul(3).sum();
  await loss.data();
  await openDevice({ backend: "js" }); // is the current one from now on
  const [found, unused] = gradients(loss, [x, tensor([1], [1], { device })]);
  expect(await found.data()).toEqual(Float64Array.of(3 * (0.1 + 0.1), 3 * (0.2 + 0.2)));
  expect(await unused.data()).toEqual(Float64Array.of(0));
});

test("a value between has a gradient, also where none reaches what it came from", async () => {
  const product = tensor([2, 3]).prod();
  expect(await gradients(product.square(), [product])[0].data()).toEqual(Float32Array.of(12));
  const x = tensor([3, 4]);
  const fixed = x.stopGradient();
  const [ofFixed, ofX] = gradients(fixed.square().mul(x).sum(), [fixed, x]);
  expect(await ofFixed.data()).toEqual(Float32Array.of(18, 32));
  expect(await ofX.data()).toEqual(Float32Array.of(9, 16));
});

test("row numbers serve several devices", async () => {
  const rows = indices([1, 0, 1]);
  for (const backend of ["js-f64", "js"] as const) {
    const device = await openDevice({ backend });
    const x = tensor([1, 2], [2], { device });
    const [found] = gradients(gather(x, rows).square().sum(), [x]);
    expect([...(await found.data())]).toEqual([2, 8]);
  }
});

test("a slice of nothing gives gradient 0, wherever it starts", async () => {
  const x = tensor([1, 2]);
  for (const start of [-1, 0, 2, 5]) {
    const nothing = x.slice([[start, start, 2]]);
    expect([...(await gradients(nothing.sum(), [x])[0].data())]).toEqual([0, 0]);
  }
});

test("products without inner terms have gradients of the operands' shapes", async () => {
  const [a, b] = [zeros([2, 3, 0]), zeros([0, 4])];
  const [da, db] = gradients(matmul(a, b).sum(), [a, b]);
  await realize([da, db]);
  expect([da.shape, db.shape]).toEqual([a.shape, b.shape]);
});

test("powers of 0 have finite derivatives", async () => {
  const [x, y] = [tensor([0, 0, 0, 0, 0]), tensor([3, 2, 1, 0.5, 0])];
  const [dx, dy] = gradients(x.pow(y).sum(), [x, y]);
  expect(await dx.data()).toEqual(Float32Array.of(0, 0, 1, 0, 0));
  expect(await dy.data()).toEqual(new Float32Array(5));
  for (const second of gradients(dx.add(dy).sum(), [x, y]))
    expect((await second.data()).every(Number.isFinite)).toBe(true);
});
