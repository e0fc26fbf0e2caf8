import type { DeviceBuffer } from "../expr.ts";
import type { Purpose } from "./backend.ts";

/** What the pool asks of a backend. */
interface Memory {
  createBuffer(bytes: number, purpose: Purpose): DeviceBuffer;
  destroyBuffer(buffer: DeviceBuffer): void;
}

/**
 * Buffers by size class, so that step after step runs in the same memory.
 *
 * Commands execute in the order they were submitted, so a buffer may be handed out again as soon
 * as the command that reads it last has been recorded.
 */
export class BufferPool {
  bytesLive = 0;
  bytesPeak = 0;
  private readonly free = new Map<number, DeviceBuffer[]>();
  private readonly memory: Memory;
  private readonly maxBytes: number;

  /** No buffer is larger than `maxBytes`. */
  constructor(memory: Memory, maxBytes: number) {
    this.memory = memory;
    this.maxBytes = maxBytes;
  }

  take(bytes: number, purpose: Purpose): DeviceBuffer {
    const size = Math.min(sizeClass(bytes), this.maxBytes);
    const buffer = this.free.get(size)?.pop() ?? this.memory.createBuffer(size, purpose);
    this.bytesLive += size;
    this.bytesPeak = Math.max(this.bytesPeak, this.bytesLive);
    return buffer;
  }

  give(buffer: DeviceBuffer): void {
    this.bytesLive -= buffer.bytes;
    const sameSize = this.free.get(buffer.bytes);
    if (sameSize) sameSize.push(buffer);
    else this.free.set(buffer.bytes, [buffer]);
  }

  /** Returns idle buffers to the system. */
  drain(): void {
    for (const buffers of this.free.values()) for (const b of buffers) this.memory.destroyBuffer(b);
    this.free.clear();
  }
}

/** Four classes per octave: at most a fifth of a buffer is unused. */
function sizeClass(bytes: number): number {
  if (bytes <= 256) return 256;
  const step = 2 ** (Math.floor(Math.log2(bytes - 1)) - 2);
  return Math.ceil(bytes / step) * step;
}
