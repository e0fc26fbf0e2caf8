/** A step takes the memory that its values need while they are needed, and no more. */
import { expect, test, vi } from "vitest";
import {
  Adam,
  explain,
  Mlp,
  mse,
  openDevice,
  parameters,
  Rng,
  realize,
  type Tensor,
  tensor,
  valueAndGrad,
} from "../../src/index.ts";

const sizes = [16, ...new Array(8).fill(64), 1];
const modelOf = () => new Mlp({ sizes, rng: new Rng(1) });

async function stepOf(numRows: number, model: Mlp, adam: Adam): Promise<Tensor[]> {
  const x = tensor(new Float32Array(numRows * 16).fill(0.1), [numRows, 16]);
  const { value, grads } = valueAndGrad(model, (m) => mse(m.forward(x), x.slice([null, [0, 1]])));
  adam.update(grads);
  return [value, ...parameters(model).values()];
}

/** Bytes of "#3 f32 [700, 32]", each element 4. */
function bytesIn(text: string): number {
  const sizes = JSON.parse(text.slice(text.indexOf("["))) as number[];
  return 4 * sizes.reduce((product, size) => product * size, 1);
}

test("the peak of a step is what the lifetimes of its values add up to", async () => {
  const device = await openDevice({ backend: "js" });
  const [model, numRows] = [modelOf(), 2000];
  const adam = new Adam(model);
  await realize([...parameters(model).values()]);
  const before = device.stats().bytesLive;
  const outputs = await stepOf(numRows, model, adam);
  const { launches } = await explain(outputs);
  const lastRead = new Map(launches.flatMap(({ reads }, at) => reads.map((name) => [name, at])));
  const bytesOfModel = [...parameters(model).values()].reduce((sum, p) => sum + 4 * p.size, 0);
  let [live, peak] = [bytesIn(`[${numRows}, 16]`), 0];
  for (const [at, { stores, reads }] of launches.entries()) {
    for (const name of stores) live += bytesIn(name);
    peak = Math.max(peak, live);
    for (const name of new Set([...stores, ...reads]))
      if (stores.includes(name) || launches.slice(0, at).some((l) => l.stores.includes(name)))
        if (lastRead.get(name) === at) live -= bytesIn(name);
  }
  await realize(outputs);
  const used = device.stats().bytesPeak - before;
  expect(used).toBeGreaterThan(0.8 * peak);
  // Adam also leaves both memories, which are no outputs of the plan that was explained; a fifth of a
  // buffer may be unused
  expect(used).toBeLessThan(1.25 * (peak + 2 * bytesOfModel));
});

test("events of many sizes leave no more idle than twice the largest needs", async () => {
  const device = await openDevice({ backend: "js" });
  let held = 0;
  const { createBuffer, destroyBuffer } = device.backend;
  vi.spyOn(device.backend, "createBuffer").mockImplementation((bytes, purpose) => {
    held += bytes;
    return createBuffer(bytes, purpose);
  });
  vi.spyOn(device.backend, "destroyBuffer").mockImplementation((buffer) => {
    held -= buffer.bytes;
    destroyBuffer(buffer);
  });
  const model = modelOf();
  const adam = new Adam(model);
  for (let numRows = 20; numRows < 1000; numRows = Math.ceil(1.3 * numRows)) {
    await realize(await stepOf(numRows, model, adam));
    const { bytesLive, bytesPeak } = device.stats();
    expect(held).toBeLessThanOrEqual(bytesLive + bytesPeak);
  }
});
