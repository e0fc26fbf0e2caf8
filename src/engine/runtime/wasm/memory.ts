/** Buffers in one linear memory: first fit among the free ranges, which are merged when neighbors. */
import { maxPages } from "../../codegen/wasm/module.ts";
import { arrayOver, bytesPer, type DType, type HostArray, type StoredArray } from "../../dtype.ts";
import { OutOfMemoryError } from "../../errors.ts";
import type { DeviceBuffer } from "../../expr.ts";
import { type Purpose, showPurpose } from "../backend.ts";

export interface WasmBuffer extends DeviceBuffer {
  readonly address: number;
}

const pageBytes = 65536;
const alignment = 64; // one cache line
const firstAddress = 1024; // nothing lies at 0

interface Range {
  start: number;
  end: number;
}

export class WasmMemory {
  readonly memory: WebAssembly.Memory;
  private readonly free: Range[] = []; // in order of addresses
  private end = firstAddress;
  private block: WasmBuffer = { bytes: 0, address: 0 };

  /** A shared memory can be worked on by several threads. */
  constructor({ isShared }: { isShared: boolean }) {
    this.memory = new WebAssembly.Memory(
      isShared ? { initial: 1, maximum: maxPages, shared: true } : { initial: 1 },
    );
  }

  /** New memory, all zeros. */
  take(bytes: number, purpose: Purpose): WasmBuffer {
    const size = Math.ceil(bytes / alignment) * alignment;
    const which = this.free.findIndex(({ start, end }) => end - start >= size);
    if (which >= 0) {
      const range = this.free[which];
      const address = range.start;
      range.start += size;
      if (range.start === range.end) this.free.splice(which, 1);
      this.view(address, "u32", size / 4).fill(0);
      return { bytes, address };
    }
    const address = this.end;
    this.grow(address + size, bytes, purpose);
    this.end += size;
    return { bytes, address };
  }

  give({ bytes, address }: WasmBuffer): void {
    if (bytes === 0) return;
    const end = address + Math.ceil(bytes / alignment) * alignment;
    const after = this.free.findIndex(({ start }) => start > address);
    const at = after < 0 ? this.free.length : after;
    this.free.splice(at, 0, { start: address, end });
    this.join(at);
    this.join(at - 1);
  }

  /** The elements of a range of memory; invalid after the next `take`. */
  view(address: number, dtype: Exclude<DType, "f16">, count: number): HostArray {
    return this.stored(address, dtype, count) as HostArray;
  }

  /** The same as they lie there. */
  stored(address: number, dtype: DType, count: number): StoredArray {
    const memory = this.memory.buffer as ArrayBuffer;
    return arrayOver(dtype, memory, "f32", address, bytesPer(dtype) * count);
  }

  /** Memory for one launch. */
  scratch(bytes: number): number {
    if (this.block.bytes < bytes) {
      this.give(this.block);
      this.block = this.take(2 * bytes, { label: "parameters", dtype: "u32", shape: [bytes / 4] });
    }
    return this.block.address;
  }

  private join(at: number): void {
    const [range, next] = [this.free[at], this.free[at + 1]];
    if (!range || !next || range.end !== next.start) return;
    range.end = next.end;
    this.free.splice(at + 1, 1);
  }

  private grow(end: number, bytes: number, purpose: Purpose): void {
    const missing = Math.ceil((end - this.memory.buffer.byteLength) / pageBytes);
    if (missing <= 0) return;
    try {
      if (end > maxPages * pageBytes) throw new RangeError("beyond 32-bit addresses");
      this.memory.grow(missing);
    } catch {
      throw new OutOfMemoryError(
        `wasm(${purpose.label}): expected room for ${bytes} B beside ${this.bytesTaken} B, got none (${showPurpose(purpose)}; 32-bit addresses reach ${maxPages * pageBytes} B)`,
      );
    }
  }

  private get bytesTaken(): number {
    return this.free.reduce((sum, { start, end }) => sum - (end - start), this.end - firstAddress);
  }
}
