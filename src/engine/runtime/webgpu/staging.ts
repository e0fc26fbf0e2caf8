/**
 * Read-back through staging buffers that are used again and again. The copy is submitted at once; the
 * caller waits for it alone, and the device goes on with what comes next.
 */
import { DeviceError } from "../../errors.ts";
import type { Faults } from "./faults.ts";
import { mapModeRead, usage } from "./flags.ts";

const smallest = 256; // B
const mostKept = 16; // buffers,
const mostKeptBytes = 2 ** 22; // the larger ones made anew each time

export class Staging {
  private readonly device: GPUDevice;
  private readonly faults: Faults;
  private readonly idle: GPUBuffer[] = [];

  constructor(device: GPUDevice, faults: Faults) {
    this.device = device;
    this.faults = faults;
  }

  /** `size` bytes of a buffer, as they are after everything submitted so far. */
  async read(from: GPUBuffer, start: number, size: number): Promise<ArrayBuffer> {
    const [staging, failure] = this.faults.attempt("webgpu(read)", `memory for ${size} B`, () => {
      const target = this.take(size);
      const encoder = this.device.createCommandEncoder();
      encoder.copyBufferToBuffer(from, start, target, 0, size);
      this.device.queue.submit([encoder.finish()]);
      return target;
    });
    try {
      await staging.mapAsync(mapModeRead, 0, size);
      const bytes = staging.getMappedRange(0, size).slice(0);
      staging.unmap();
      this.keep(staging);
      return bytes;
    } catch (error) {
      staging.destroy();
      const cause = await failure;
      await this.faults.settle();
      this.faults.expectAlive();
      if (cause) throw cause;
      throw new DeviceError(
        `webgpu(read): expected ${size} B back, got an error (${(error as Error).message})`,
      );
    }
  }

  private take(size: number): GPUBuffer {
    const at = this.idle.findIndex((buffer) => buffer.size >= size);
    if (at >= 0) return this.idle.splice(at, 1)[0];
    const bytes = Math.max(smallest, 2 ** Math.ceil(Math.log2(size)));
    return this.device.createBuffer({
      size: bytes <= mostKeptBytes ? bytes : size,
      usage: usage.mapRead | usage.copyDst,
    });
  }

  private keep(buffer: GPUBuffer): void {
    if (buffer.size > mostKeptBytes || this.idle.length >= mostKept) buffer.destroy();
    else this.idle.push(buffer);
  }
}
