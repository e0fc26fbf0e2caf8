import { describe, expect, test } from "vitest";
import { allComposites } from "../../src/engine/composite.ts";
import { movement } from "../../src/engine/ops/movement.ts";
import { segments } from "../../src/engine/ops/segment.ts";
import {
  DTypeError,
  gather,
  gradients,
  indices,
  matmul,
  openDevice,
  realize,
  ShapeError,
  tensor,
  zeros,
} from "../../src/index.ts";
import { useDevice } from "../helpers/backends.ts";
import { exampleChecks, propertyChecks, samplers } from "../helpers/gradients/checks.ts";

describe("in double precision", () => {
  useDevice("js-f64");

  describe("every op", () => {
    for (const { name, run } of propertyChecks) test(name, run);
  });
  describe("at single points", () => {
    for (const { name, run } of exampleChecks) test(name, run);
  });
});

test("every op that moves values or reduces segments, and every composite, is sampled", () => {
  const composites = allComposites()
    .filter(({ dtype = "f32" }) => dtype === "f32") // integers have no derivative
    .map(({ name }) => name);
  const names = [...Object.keys(movement), ...Object.keys(segments), ...composites];
  const others = ["stopGradient", "recompute"]; // has its example; is what `checkpoint` makes, and refused
  expect(names.filter((name) => !(name in samplers)).sort()).toEqual(others.sort());
});

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

test("a tensor that was read still knows how it was computed, a realized one is a leaf", async () => {
  const x = tensor([3]);
  const y = x.square();
  await y.data();
  expect([...(await gradients(y.sum(), [x])[0].data())]).toEqual([6]);
  await realize([y]);
  const z = y.mul(x).sum();
  const [dx, dy] = gradients(z, [x, y]);
  expect([await dx.item(), await dy.item()]).toEqual([9, 3]); // y is as constant as x
  await realize([z]);
  expect(() => gradients(z, [x])).toThrow(
    new DTypeError(
      "gradients(loss): expected a tensor that knows how it was computed, got a realized one (take gradients before)",
    ),
  );
  expect(await gradients(z, [z])[0].item()).toBe(1);
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

describe("errors", () => {
  const x = tensor([1, 2]);
  const whole = tensor([1, 2], [2], { dtype: "i32" });

  test("an integer input", () => {
    expect(() => gradients(x.sum(), [whole])).toThrow(
      new DTypeError("gradients: expected f32 or f16, got i32"),
    );
  });
  test("an integer loss", () => {
    expect(() => gradients(whole.sum(), [x])).toThrow(DTypeError);
    expect(() => gradients(x.argmax(), [x])).toThrow("gradients: expected f32 or f16, got i32");
  });
  test("a loss of several elements without a seed", () => {
    expect(() => gradients(x, [x])).toThrow(
      new ShapeError("gradients(loss): expected one element, got [2]"),
    );
  });
  test("a seed of another shape than the loss", () => {
    expect(() => gradients(x, [x], tensor([1]))).toThrow(
      new ShapeError("gradients(seed): expected [2], got [1]"),
    );
  });
  test("an op without a derivative", () => {
    expect(() => gradients(x.prod(), [x])).toThrow(
      new DTypeError("gradients: expected ops that have derivatives, got prod"),
    );
  });
});
