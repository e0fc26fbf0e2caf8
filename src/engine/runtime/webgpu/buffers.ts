/** GPU memory, whole or in parts. */
import { bytesPer, type DType } from "../../dtype.ts";
import type { DeviceBuffer } from "../../expr.ts";
import type { Faults } from "./faults.ts";

export interface GpuBuffer extends DeviceBuffer {
  id: number;
  handle: GPUBuffer;
  /** Bytes from the beginning of `handle`. */
  start: number;
  whole?: GpuBuffer;
}

/** Makes and fills buffers; what fails is raised at the next check. */
export class Buffers {
  private readonly device: GPUDevice;
  private readonly faults: Faults;
  private nextId = 0;

  constructor(device: GPUDevice, faults: Faults) {
    this.device = device;
    this.faults = faults;
  }

  allocate(bytes: number, flags: number, where: string, what = ""): GpuBuffer {
    const size = Math.ceil(bytes / 4) * 4;
    const wanted = `memory for ${size} B${what && ` (${what})`}`;
    const create = () => this.device.createBuffer({ size, usage: flags });
    const handle = this.faults.guard(where, wanted, create);
    return { id: this.nextId++, bytes, start: 0, handle };
  }

  write({ handle, start }: GpuBuffer, data: ArrayBuffer | Float32Array<ArrayBuffer>): void {
    this.faults.guard("webgpu(upload)", "memory to upload", () =>
      this.device.queue.writeBuffer(handle, start, data),
    );
  }
}

/** `bytes` of a buffer from byte `start` on. */
export const partOf = (buffer: GpuBuffer, start: number, bytes: number): GpuBuffer => ({
  ...buffer,
  bytes,
  start: buffer.start + start,
  whole: buffer.whole ?? buffer,
});

/** Different for different places in memory. */
export const nameOf = ({ id, whole, start, bytes }: GpuBuffer): string =>
  whole ? `${id}@${start}+${bytes}` : `${id}`;

/** A whole buffer is bound as it is, a part from its start: a multiple of 256 bytes. */
export const rangeOf = ({ handle, whole, start, bytes }: GpuBuffer): GPUBufferBinding =>
  whole ? { buffer: handle, offset: start, size: bytes } : { buffer: handle };

/** Bytes of so many elements; what is copied has to end with a word. */
export const wholeWords = (count: number, dtype: DType): number =>
  Math.ceil((count * bytesPer(dtype)) / 4) * 4;

/** A limit may be an odd number of bytes. */
export const wordsIn = (bytes: number): number => bytes - (bytes % 4);
