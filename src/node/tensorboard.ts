/**
 * TensorBoard event files: records of `u64 length, masked crc of it, data, masked crc of the data`,
 * the data being an `Event` in protocol-buffer encoding. Scalars only.
 */
import { closeSync, openSync, writeSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  return crc;
});

/** CRC-32C (Castagnoli et al. 1993, doi:10.1109/26.231911), reflected. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ table[(crc ^ byte) & 0xff];
  return ~crc >>> 0;
}

/** Masked, because the crc of data that hold their own crc is a constant. */
function maskedCrc(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

function record(data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(data.length + 16);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, maskedCrc(bytes.subarray(0, 8)), true);
  bytes.set(data, 12);
  view.setUint32(12 + data.length, maskedCrc(data), true);
  return bytes;
}

// Protocol buffers: a field is its number and wire type, then the value.
const wireTypes = { varint: 0, f64: 1, bytes: 2, f32: 5 } as const;

const field = (number: number, type: keyof typeof wireTypes, value: number[]): number[] => [
  (number << 3) | wireTypes[type],
  ...value,
];

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = BigInt(value);
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return [...bytes, Number(rest)];
}

const delimited = (bytes: Iterable<number>): number[] => {
  const list = [...bytes];
  return [...varint(list.length), ...list];
};
const text = (value: string): number[] => delimited(new TextEncoder().encode(value));
const f64 = (value: number): number[] => [...new Uint8Array(Float64Array.of(value).buffer)];
const f32 = (value: number): number[] => [...new Uint8Array(Float32Array.of(value).buffer)];

/** Event { 1: wall_time, 2: step, … } */
const event = (seconds: number, step: number, content: number[]): Uint8Array =>
  Uint8Array.from([
    ...field(1, "f64", f64(seconds)),
    ...field(2, "varint", varint(step)),
    ...content,
  ]);

const fileVersion = field(3, "bytes", text("brain.Event:2"));
/** SessionLog { 1: START }: readers drop what came from this step on. */
const sessionStart = field(7, "bytes", delimited(field(1, "varint", varint(1))));
/** Summary { 1: Value { 1: tag, 2: simple_value } } */
const scalarSummary = (tag: string, value: number): number[] => {
  const entry = [...field(1, "bytes", text(tag)), ...field(2, "f32", f32(value))];
  return field(5, "bytes", delimited(field(1, "bytes", delimited(entry))));
};

export interface EventFileOptions {
  /** Steps from this one on are repeated: readers forget those of earlier files. */
  firstStep?: number;
  /** Milliseconds since 1970. */
  now?: () => number;
}

/** An event file of its own in a folder; TensorBoard shows all of a folder as one run. */
export class EventFile {
  readonly path: string;
  private readonly now: () => number;
  private readonly file: number;

  constructor(folder: string, { firstStep = 0, now = Date.now }: EventFileOptions = {}) {
    this.now = now;
    const [seconds, millis] = [Math.floor(now() / 1000), now() % 1000];
    const name = `events.out.tfevents.${seconds}.${hostname()}.${process.pid}.${millis}`;
    this.path = join(folder, name);
    this.file = openSync(this.path, "wx");
    this.write(0, fileVersion);
    if (firstStep > 0) this.write(firstStep, sessionStart);
  }

  scalar(tag: string, value: number, step: number): void {
    this.write(step, scalarSummary(tag, value));
  }

  close(): void {
    closeSync(this.file);
  }

  private write(step: number, content: number[]): void {
    writeSync(this.file, record(event(this.now() / 1000, step, content)));
  }
}
