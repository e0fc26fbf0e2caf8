import type { Device } from "../../src/engine/runtime/device.ts";
import { type GpuChoice, openDevice } from "../../src/index.ts";
import { nodeGpu } from "../../src/node/gpu.ts";

/** Opens the adapter that the tests run on, and lets `prepare` change its device first. */
export async function openPrepared(
  prepare: (gpu: GPUDevice) => void,
  options: Pick<GpuChoice, "maxBindingBytes"> = {},
): Promise<Device> {
  const { adapter, description } = await nodeGpu();
  const requestDevice = async (descriptor: GPUDeviceDescriptor) => {
    const gpu = await adapter.requestDevice(descriptor);
    prepare(gpu);
    return gpu;
  };
  const { limits, features } = adapter;
  const choice = {
    adapter: { limits, features, requestDevice },
    isSoftware: true,
    description,
    ...options,
  };
  return openDevice({ backend: "webgpu", gpu: async () => choice as unknown as GpuChoice });
}
