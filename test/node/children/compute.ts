/** Double four numbers on an adapter, print what happened as JSON, destroy the device, end. */
import { listAdapters, nodeGpu } from "../../../src/node/gpu.ts";

// browsers have these as globals, and nodeGpu sees to it here; TypeScript's own types lack them
declare const GPUBufferUsage: Record<"STORAGE" | "COPY_SRC" | "COPY_DST" | "MAP_READ", number>;
declare const GPUMapMode: Record<"READ", number>;

/** With --expose-gc: collect whatever is not held, here and now. */
async function collect(): Promise<void> {
  for (let i = 0; i < 3; i++) {
    globalThis.gc?.();
    await new Promise((next) => setImmediate(next)); // finalizers run between turns
  }
}

async function doubled(values: number[]) {
  // only the adapter is kept: the object that create() returned must survive without our help
  const { adapter, source, description, passedOver } = await nodeGpu();
  await collect();
  const device = await adapter.requestDevice();
  await collect();
  const { STORAGE, COPY_SRC, COPY_DST, MAP_READ } = GPUBufferUsage;
  const size = 4 * values.length;
  const x = device.createBuffer({ size, usage: STORAGE | COPY_SRC | COPY_DST });
  const copy = device.createBuffer({ size, usage: MAP_READ | COPY_DST });
  device.queue.writeBuffer(x, 0, Float32Array.from(values));
  const code = /* wgsl */ `
    @group(0) @binding(0) var<storage, read_write> x: array<f32>;
    @compute @workgroup_size(4)
    fn main(@builtin(global_invocation_id) id: vec3u) { x[id.x] = 2.0 * x[id.x]; }`;
  const module = device.createShaderModule({ code });
  const pipeline = device.createComputePipeline({ layout: "auto", compute: { module } });
  const layout = pipeline.getBindGroupLayout(0);
  const entries = [{ binding: 0, resource: { buffer: x } }];
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, device.createBindGroup({ layout, entries }));
  pass.dispatchWorkgroups(1);
  pass.end();
  encoder.copyBufferToBuffer(x, 0, copy, 0, size);
  device.queue.submit([encoder.finish()]);
  await copy.mapAsync(GPUMapMode.READ);
  const result = [...new Float32Array(copy.getMappedRange())];
  copy.unmap();
  await collect();
  device.destroy();
  return { source, description, passedOver, result, adapters: await listAdapters() };
}

try {
  console.log(JSON.stringify(await doubled([1, 2, 3, 4])));
  await collect();
} catch (error) {
  const { name, message } = error as Error;
  console.log(JSON.stringify({ name, message }));
}
