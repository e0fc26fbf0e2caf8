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
 * as the command that reads it last has been recorded. Several owners may share one, or parts of it:
 * it is free when the last of them gives it back.
 */
export class BufferPool {
  bytesLive = 0;
  bytesPeak = 0;
  private bytesIdle = 0;
  private readonly free = new Map<string, DeviceBuffer[]>();
  private readonly idle = new Set<DeviceBuffer>(); // those that are free, longest idle first
  private readonly further = new Map<DeviceBuffer, number>(); // owners besides the first
  private readonly layouts = new WeakMap<DeviceBuffer, string>();
  private readonly memory: Memory;
  private readonly limits: readonly number[];

  /** Of no buffer more is taken than the first of these limits that is enough for it. */
  constructor(memory: Memory, ...limits: readonly number[]) {
    this.memory = memory;
    this.limits = limits;
  }

  /**
   * Whatever was in it before. With a `layout`, only buffers of the same one are reused: what its
   * users leave untouched is zero for ever.
   */
  take(bytes: number, purpose: Purpose, layout = ""): DeviceBuffer {
    const most = this.limits.find((limit) => bytes <= limit) ?? bytes;
    const size = Math.min(sizeClass(bytes), most);
    const known = this.free.get(`${size} ${layout}`)?.pop();
    if (known) this.bytesIdle -= size;
    if (known) this.idle.delete(known);
    const buffer = known ?? this.memory.createBuffer(size, purpose);
    if (layout !== "") this.layouts.set(buffer, layout);
    this.bytesLive += size;
    this.bytesPeak = Math.max(this.bytesPeak, this.bytesLive);
    return buffer;
  }

  /** One more owner. */
  share(part: DeviceBuffer): DeviceBuffer {
    const buffer = part.whole ?? part;
    this.further.set(buffer, (this.further.get(buffer) ?? 0) + 1);
    return part;
  }

  give(part: DeviceBuffer): void {
    const buffer = part.whole ?? part;
    const others = this.further.get(buffer) ?? 0;
    if (others > 1) this.further.set(buffer, others - 1);
    else this.further.delete(buffer);
    if (others > 0) return;
    this.bytesLive -= buffer.bytes;
    this.bytesIdle += buffer.bytes;
    this.idle.add(buffer);
    const key = this.keyOf(buffer);
    const alike = this.free.get(key);
    if (alike) alike.push(buffer);
    else this.free.set(key, [buffer]);
  }

  /**
   * Returns what has been idle longest to the system until no more is idle than was ever in use; else
   * every size of event would keep its own buffers. Not while commands wait to be submitted.
   */
  trim(): void {
    for (const buffer of this.idle) {
      if (this.bytesIdle <= this.bytesPeak) return;
      const alike = this.free.get(this.keyOf(buffer)) as DeviceBuffer[];
      alike.splice(alike.indexOf(buffer), 1);
      this.idle.delete(buffer);
      this.bytesIdle -= buffer.bytes;
      this.memory.destroyBuffer(buffer);
    }
  }

  private keyOf(buffer: DeviceBuffer): string {
    return `${buffer.bytes} ${this.layouts.get(buffer) ?? ""}`;
  }

  /** Returns idle buffers to the system. */
  drain(): void {
    for (const buffers of this.free.values()) for (const b of buffers) this.memory.destroyBuffer(b);
    this.free.clear();
    this.idle.clear();
    this.bytesIdle = 0;
  }
}

/** Four classes per octave: at most a fifth of a buffer is unused. */
function sizeClass(bytes: number): number {
  if (bytes <= 256) return 256;
  const step = 2 ** (Math.floor(Math.log2(bytes - 1)) - 2);
  return Math.ceil(bytes / step) * step;
}
