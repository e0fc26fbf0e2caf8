import { expect, test } from "vitest";
import { gather, indices, matmul, openDevice, type Tensor, tensor } from "../../src/index.ts";
import { adjointCheck, gradcheck, randomFrom, randomTensor } from "../../src/testing/index.ts";

const x = tensor([0.5, -1, 2, 3], [2, 2]);

test("gradcheck passes right gradients and returns how far off they are at most", async () => {
  const deviation = await gradcheck((t) => t.square().sin(), x);
  expect(deviation).toBeGreaterThan(0);
  expect(deviation).toBeLessThan(1e-9);
});

test("gradcheck names the element whose gradient is wrong", async () => {
  const first = tensor([1, 0, 0, 0], [2, 2]);
  const wrong = (t: Tensor) => t.add(t.stopGradient().mul(first).mul(0.01)); // 1.01 in one place
  await expect(gradcheck(wrong, x)).rejects.toThrow(
    /^gradcheck: expected ∂L\/∂x0\[0, 0\] = .* at x = 0\.5, got .* \(deviation 0\.0/,
  );
  const deviation = await gradcheck(wrong, x, { tolerance: Number.POSITIVE_INFINITY });
  expect(deviation).toBeCloseTo(0.01, 2);
});

test("gradcheck notices a factor of 1 + 1e-6", async () => {
  const wrong = (t: Tensor) => t.mul(t.stopGradient().mul(1e-6).add(1).sub(t.mul(1e-6)));
  await expect(gradcheck(wrong, x)).rejects.toThrow("gradcheck");
});

test("gradcheck copes with large and small elements, close kinks and the end of the domain", async () => {
  expect(await gradcheck((t) => t.log(), tensor([1e-6, 1e-3, 1, 1e6]))).toBeLessThan(1e-8);
  expect(await gradcheck((t) => t.abs(), tensor([1e-6, -1e-5, 1]))).toBeLessThan(1e-8);
  expect(await gradcheck((t) => t.sqrt(), tensor([1e-6, 4e4]))).toBeLessThan(1e-8);
});

test("gradcheck hands integers over as they are", async () => {
  const rows = indices([1, 0, 1]);
  expect(await gradcheck((t, r) => gather(t, r), [x, rows])).toBeLessThan(1e-10);
});

test("gradcheck refuses functions without floats", async () => {
  await expect(gradcheck((t) => t.cast("i32"), x)).rejects.toThrow(
    "gradcheck: expected f32 inputs and an f32 result, got f32 → i32",
  );
  await expect(gradcheck((t) => t.cast("f32"), indices([1]))).rejects.toThrow("got u32 → f32");
});

test("gradcheck leaves the current device alone", async () => {
  const device = await openDevice({ backend: "js" });
  const before = device.stats();
  await gradcheck((t) => t.exp(), tensor([1, 2]));
  expect(device.stats()).toEqual(before);
});

test("adjointCheck tells a linear op from others", async () => {
  const w = randomTensor(randomFrom(1), [2, 3]);
  expect(await adjointCheck((t) => matmul(t, w), x)).toBeLessThan(1e-15);
  await expect(adjointCheck((t) => t.relu(), x)).rejects.toThrow("adjointCheck: expected ⟨v, A u⟩");
  await expect(adjointCheck((t) => t.mul(2).add(t.stopGradient()), x)).rejects.toThrow(
    "adjointCheck",
  );
});
