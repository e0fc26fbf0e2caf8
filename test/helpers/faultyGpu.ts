/** A GPU on which things go wrong when a test says so. */

import type { Device } from "../../src/engine/runtime/device.ts";
import { openPrepared } from "./openPrepared.ts";

export interface Faulty {
  device: Device;
  /** Takes the device away, as a driver that is reset does. */
  lose(): void;
  /** Refuses storage buffers after `count` more. */
  failAllocation(count: number): void;
}

const storageUsage = 128; // of the WebGPU specification

/** Opens the adapter that the tests run on; its device becomes the current one. */
export async function openFaulty(): Promise<Faulty> {
  let gpu: GPUDevice | undefined;
  let allocations = Infinity;
  const device = await openPrepared((made) => {
    gpu = made;
    failAllocations(gpu, () => --allocations < 0);
  });
  return {
    device,
    lose: () => gpu?.destroy(),
    failAllocation: (count) => {
      allocations = count;
    },
  };
}

/** The device answers as it would without memory: an invalid buffer, and an error in the scope for it. */
function failAllocations(gpu: GPUDevice, fails: () => boolean): void {
  const createBuffer = gpu.createBuffer.bind(gpu);
  const popErrorScope = gpu.popErrorScope.bind(gpu);
  let due = 0; // scopes to be popped until the one for memory
  gpu.createBuffer = (descriptor) => {
    if (!(descriptor.usage & storageUsage) || !fails()) return createBuffer(descriptor);
    due = 2;
    gpu.pushErrorScope("validation");
    const invalid = createBuffer({ ...descriptor, usage: 0 });
    popErrorScope();
    return invalid;
  };
  gpu.popErrorScope = async () => {
    const isForMemory = due > 0 && --due === 0;
    const error = await popErrorScope();
    return isForMemory ? ({ message: "simulated" } as GPUError) : error;
  };
}
