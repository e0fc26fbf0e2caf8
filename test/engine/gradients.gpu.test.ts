/** Gradients in f32, on the GPU and in WebAssembly: those of the js backend in double precision, which the fast tests check. */
import { afterAll, beforeAll, describe, test } from "vitest";
import {
  type Device,
  gradients,
  openDevice,
  realize,
  type Tensor,
  tensor,
} from "../../src/index.ts";
import { nodeGpu } from "../../src/node/gpu.ts";
import { openDevice as openInNode } from "../../src/node/open.ts";
import { assertClose, randomFrom, randomTensor } from "../../src/testing/index.ts";
import { useDevice } from "../helpers/backends.ts";
import type { Case } from "../helpers/gradients/case.ts";
import { exampleChecks, samplers } from "../helpers/gradients/checks.ts";

/** Software adapters compile for minutes what derives a gradient again; the gradient itself is that of another case. */
const isSoftware = (await nodeGpu()).source !== "hardware";
const isSlow = (name: string, backend: string) =>
  isSoftware && backend === "webgpu" && /Gradient( with everything)?$/.test(name);

describe.each(["wasm", "webgpu"] as const)("one case of every op", (backend) => {
  let devices: Device[];
  beforeAll(async () => {
    devices = [await openInNode({ backend }), await openDevice({ backend: "js-f64" })];
  });
  afterAll(() => Promise.all(devices.map((device) => device.close())));

  for (const [which, [name, sampler]] of Object.entries(samplers).entries()) {
    if (isSlow(name, backend)) continue;
    test(`${name} has the same gradients on ${backend} and js`, async () => {
      const random = randomFrom(which);
      const sample = sampler(random);
      const seed = randomTensor(random, sample.f(...sample.inputs).shape);
      const [found, js] = await Promise.all(
        devices.map((device) => gradientsOn(device, sample, seed)),
      );
      // 2e-4: sums of a dozen f32 terms, and the 1e-4 that `pow` allows
      for (const [i, expected] of js.entries())
        await assertClose(found[i], expected, 2e-4).catch((error) => {
          throw new Error(`${sample.text}: ${error.message}`);
        });
    });
  }
});

async function gradientsOn(device: Device, { f, inputs }: Case, seed: Tensor): Promise<Tensor[]> {
  const copy = async (x: Tensor) => tensor(await x.data(), x.shape, { dtype: x.dtype, device });
  const at = await Promise.all(inputs.map(copy));
  const found = gradients(f(...at), at, await copy(seed));
  await realize(found);
  return found;
}

describe.each(["wasm", "webgpu"] as const)("at single points on %s", (backend) => {
  useDevice(backend);
  for (const { name, run } of exampleChecks) test(name, run);
});
