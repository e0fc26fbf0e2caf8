import type { Device } from "../engine/runtime/device.ts";
import { type OpenOptions, openDevice as openAnywhere } from "../index.ts";
import { type NodeGpuOptions, nodeGpu } from "./gpu.ts";
import { nodeThreads } from "./threads.ts";
import { writeTraces } from "./trace.ts";

/**
 * Opens a device in Node, where `webgpu` means Dawn (a real GPU, else a software adapter) and threads are
 * those of Node.
 */
export function openDevice(options: OpenOptions & NodeGpuOptions = {}): Promise<Device> {
  writeTraces();
  const gpu = async () => {
    const { adapter, source, description } = await nodeGpu(options);
    return { adapter, isSoftware: source !== "hardware", description };
  };
  return openAnywhere({ gpu, threadHost: nodeThreads, ...options });
}
