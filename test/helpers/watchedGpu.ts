/** A GPU that writes down what it is asked for. */
import type { Device } from "../../src/engine/runtime/device.ts";
import { openPrepared } from "./openPrepared.ts";

export interface Watched {
  device: Device;
  /** In order: submissions, their ends as the device hears of them, and staging buffers made. */
  log: ("submit" | "done" | "staging")[];
  /** No buffer is mapped until what it returns is called. */
  holdMaps(): () => void;
}

const mapRead = 1; // of the WebGPU specification

export async function openWatched(): Promise<Watched> {
  const log: Watched["log"] = [];
  let held = Promise.resolve();
  const device = await openPrepared((gpu) => {
    const { queue } = gpu;
    const submit = queue.submit.bind(queue);
    const done = queue.onSubmittedWorkDone.bind(queue);
    const createBuffer = gpu.createBuffer.bind(gpu);
    const watched = {
      submit(buffers: GPUCommandBuffer[]) {
        log.push("submit");
        submit(buffers);
      },
      async onSubmittedWorkDone() {
        await done();
        log.push("done");
      },
      writeBuffer: queue.writeBuffer.bind(queue),
    };
    Object.defineProperty(gpu, "queue", { value: watched });
    gpu.createBuffer = (descriptor) => {
      const buffer = createBuffer(descriptor);
      if (!(descriptor.usage & mapRead)) return buffer;
      log.push("staging");
      const mapAsync = buffer.mapAsync.bind(buffer);
      buffer.mapAsync = async (...range: Parameters<typeof mapAsync>) => {
        await held;
        return mapAsync(...range);
      };
      return buffer;
    };
  });
  const holdMaps = () => {
    let release = () => {};
    held = new Promise((resume) => {
      release = resume;
    });
    return release;
  };
  return { device, log, holdMaps };
}
