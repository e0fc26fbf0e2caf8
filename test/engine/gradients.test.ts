import { expect, test } from "vitest";
import { gradients, openDevice, tensor } from "../../src/index.ts";

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
