/** Compute on a WebGPU device, then end in the way that the argument says; print what came of it. */
import { matmul, ones, realize } from "../../../src/index.ts";
import { openDevice } from "../../../src/node/open.ts";

/** With --expose-gc: collect whatever is not held, here and now. */
async function collect(): Promise<void> {
  for (let i = 0; i < 3; i++) {
    globalThis.gc?.();
    await new Promise((next) => setImmediate(next)); // finalizers run between turns
  }
}

const device = await openDevice({ backend: "webgpu" });
const product = () =>
  matmul(ones([4, 3]), ones([3, 2]))
    .add(1)
    .sum();
const ways: Record<string, () => Promise<unknown>> = {
  close: async () => {
    await device.close();
    return product().item(); // on the backend that needs no device
  },
  leave: async () => "left open",
  /** The device goes while a shader compiles, while a result is read, and stays gone. */
  lose: async () => {
    const large = matmul(ones([256, 512]), ones([512, 256]));
    const compiling = reported(realize([large, large.exp()]));
    await turns(1);
    gpu().destroy();
    return [await compiling, await reported(large.data()), await reported(product().data())];
  },
  loseReading: async () => {
    const x = product();
    await realize([x]);
    const reading = reported(x.data());
    await turns(0);
    gpu().destroy();
    return [await reading, await reported(x.data()), await reported(product().data())];
  },
};

const gpu = () => (device.backend as unknown as { device: GPUDevice }).device;

const reported = (task: Promise<unknown>) =>
  task.then(
    () => "done",
    ({ name, message }: Error) => `${name}: ${message}`,
  );

/** Lets that many turns of the event loop pass, or all waiting promises if it is 0. */
async function turns(count: number): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
  for (let i = 0; i < count; i++) await new Promise((next) => setImmediate(next));
}

const result = await product().item();
await collect();
const way = await ways[process.argv[2]!]!();
await collect();
console.log(JSON.stringify({ result, way }));
