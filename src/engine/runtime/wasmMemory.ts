/** Buffers in one linear memory: first fit among the free ranges, which are merged when neighbours. */
import { maxPages } from "../codegen/wasm/module.ts";
import type { HostArray } from "../dtype.ts";
import { DeviceError } from "../errors.ts";
import type { DeviceBuffer } from "../expr.ts";

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

  /** A shared memory can be worked on by several threads. */
  constructor({ isShared }: { isShared: boolean }) {
    this.memory = new WebAssembly.Memory(
      isShared ? { initial: 1, maximum: maxPages, shared: true } : { initial: 1 },
    );
  }

  /** New memory, all zeros. */
  take(bytes: number): WasmBuffer {
    const size = Math.ceil(bytes / alignment) * alignment;
    const which = this.free.findIndex(({ start, end }) => end - start >= size);
    if (which >= 0) {
      const range = this.free[which];
      const address = range.start;
      range.start += size;
      if (range.start === range.end) this.free.splice(which, 1);
      this.words(address, size / 4).fill(0);
      return { bytes, address };
    }
    const address = this.end;
    this.grow(address + size, bytes);
    this.end += size;
    return { bytes, address };
  }

  give({ bytes, address }: WasmBuffer): void {
    const end = address + Math.ceil(bytes / alignment) * alignment;
    const after = this.free.findIndex(({ start }) => start > address);
    const at = after < 0 ? this.free.length : after;
    this.free.splice(at, 0, { start: address, end });
    this.join(at);
    this.join(at - 1);
  }

  /** The elements of a range of memory; invalid after the next `take`. */
  floats(address: number, count: number): Float32Array {
    return new Float32Array(this.memory.buffer, address, count);
  }
  words(address: number, count: number): Uint32Array {
    return new Uint32Array(this.memory.buffer, address, count);
  }
  integers(address: number, count: number): Int32Array {
    return new Int32Array(this.memory.buffer, address, count);
  }

  view(address: number, dtype: string, count: number): HostArray {
    if (dtype === "f32") return this.floats(address, count);
    return dtype === "i32" ? this.integers(address, count) : this.words(address, count);
  }

  private join(at: number): void {
    const [range, next] = [this.free[at], this.free[at + 1]];
    if (!range || !next || range.end !== next.start) return;
    range.end = next.end;
    this.free.splice(at + 1, 1);
  }

  private grow(end: number, bytes: number): void {
    const missing = Math.ceil((end - this.memory.buffer.byteLength) / pageBytes);
    if (missing <= 0) return;
    try {
      this.memory.grow(missing);
    } catch {
      throw new DeviceError(`wasm: expected memory for ${bytes} B, got none`);
    }
  }
}
