/** When commands ran, by the device's own clock. */
import type { Span } from "../trace.ts";
import { usage } from "./flags.ts";

const mostQueries = 4096; // of one set, by the specification
/** Commands that can be timed in one submission; further ones are not. */
export const mostTimed = mostQueries / 2;

export class Clock {
  private readonly device: GPUDevice;
  private readonly queries: GPUQuerySet;
  /** ms between the device's clock and the host's: no command began before it was submitted. */
  private offset = -Infinity;

  constructor(device: GPUDevice) {
    this.device = device;
    this.queries = device.createQuerySet({ type: "timestamp", count: mostQueries });
  }

  /** What a pass needs so that its beginning and end are noted. */
  writes(which: number): GPUComputePassTimestampWrites {
    return {
      querySet: this.queries,
      beginningOfPassWriteIndex: 2 * which,
      endOfPassWriteIndex: 2 * which + 1,
    };
  }

  /** Adds to the commands that what was noted is brought to a buffer. */
  resolve(encoder: GPUCommandEncoder, count: number): GPUBuffer {
    const size = 16 * count; // two times of 8 bytes each
    const times = this.device.createBuffer({ size, usage: usage.queryResolve | usage.copySrc });
    encoder.resolveQuerySet(this.queries, 0, 2 * count, times, 0);
    return times;
  }

  /** The times of commands that were submitted at `submitted`, in ms of `performance.now()`. */
  spans(bytes: ArrayBuffer, submitted: number): Span[] {
    const nanoseconds = new BigUint64Array(bytes);
    const at = (which: number): number => Number(nanoseconds[which]) / 1e6;
    this.offset = Math.max(this.offset, submitted - at(0));
    return Array.from({ length: nanoseconds.length / 2 }, (_, which) => ({
      start: at(2 * which) + this.offset,
      end: at(2 * which + 1) + this.offset,
    }));
  }
}
