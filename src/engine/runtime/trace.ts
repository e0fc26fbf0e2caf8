/**
 * A timeline of what devices do, in the format of Chrome's trace viewer, which Perfetto opens too.
 *
 * It is kept in memory while `TG_TRACE` names a file; the Node entry writes it there when a device is
 * closed and when the process ends. A page asks for `traceText()`.
 */
import { env } from "../env.ts";

/** One thing that took some time, in ms of `performance.now()`. */
export interface Span {
  start: number;
  end: number;
}

/** What happens side by side: a row of the viewer each. */
const tracks = ["plan", "compile", "submit", "device", "read"] as const;
export type Track = (typeof tracks)[number];

interface TraceEvent {
  name: string;
  /** X: a span; M: the name of a device or a row. */
  ph: "X" | "M";
  /** A device, counted from 1, and a row of it. */
  pid: number;
  tid: number;
  /** Beginning and length in µs. */
  ts?: number;
  dur?: number;
  args?: Record<string, unknown>;
}

const mostEvents = 1_000_000; // some 100 MB of text
const events: TraceEvent[] = [];
let devices = 0;

/** The rows of one device. */
export class Trace {
  private readonly pid: number;

  constructor(device: string) {
    this.pid = ++devices;
    this.nameRow("process_name", 0, device);
    for (const [which, track] of tracks.entries()) this.nameRow("thread_name", which, track);
  }

  add(track: Track, name: string, { start, end }: Span, args: Record<string, unknown> = {}): void {
    const tid = tracks.indexOf(track);
    const [ts, dur] = [1000 * start, 1000 * Math.max(0, end - start)];
    if (events.length < mostEvents)
      events.push({ name, ph: "X", pid: this.pid, tid, ts, dur, args });
  }

  private nameRow(name: string, tid: number, value: string): void {
    events.push({ name, ph: "M", pid: this.pid, tid, args: { name: value } });
  }
}

/** Rows for a device if `TG_TRACE` asks for them. */
export const startTrace = (device: string): Trace | null =>
  env.trace() === undefined ? null : new Trace(device);

/** Does the task, and notes how long it took if there is a trace. */
export async function traced<T>(
  trace: Trace | null,
  track: Track,
  name: string,
  task: () => Promise<T> | T,
): Promise<T> {
  const start = performance.now();
  const result = await task();
  trace?.add(track, name, { start, end: performance.now() });
  return result;
}

/** The timeline so far, as the text of a file for a viewer. */
export const traceText = (): string =>
  `{"displayTimeUnit":"ms","traceEvents":[\n${events.map((event) => JSON.stringify(event)).join(",\n")}\n]}\n`;

let onClose = (): void => {};

/** Says what to do with the timeline when a device is closed. */
export function whenTraced(write: () => void): void {
  onClose = write;
}

export const endTrace = (trace: Trace | null): void => {
  if (trace) onClose();
};
