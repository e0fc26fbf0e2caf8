/**
 * safetensors: u64 length of a JSON header, the header, then the data of all tensors.
 *
 *   { "__metadata__": { … }, "name": { "dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24] } }
 *
 * Offsets count from the end of the header. The tensors fill the rest of the file exactly: a gap,
 * an overlap or a byte too few is an error, as in the original implementation.
 */
import { FormatError } from "../errors.ts";
import {
  checkTensor,
  decode,
  elementsOf,
  encode,
  type HostTensor,
  isSize,
  isStoredType,
  type StoredType,
  storedTypes,
} from "./hostTensor.ts";
import { duplicateKey, shown } from "./json.ts";

export interface Safetensors {
  metadata: Record<string, string>;
  tensors: Map<string, HostTensor>;
}

const maxHeader = 100e6; // bytes; the limit of the original implementation

/** Read a file's content; `name` is what errors call it. Data are views of `bytes` where aligned. */
export function readSafetensors(bytes: Uint8Array, name: string): Safetensors {
  const { header, data } = splitHeader(bytes, name);
  const metadata: Record<string, string> = {};
  const tensors = new Map<string, HostTensor>();
  const entries: Entry[] = [];
  for (const [key, entry] of Object.entries(header)) {
    if (key === "__metadata__") {
      Object.assign(metadata, checkedMetadata(entry, name));
      continue;
    }
    entries.push(checkedEntry(key, entry, data.length, name));
  }
  checkCoverage(entries, data.length, name);
  for (const { key, dtype, shape, begin, end } of entries)
    tensors.set(key, { dtype, shape, data: decode(dtype, data.subarray(begin, end)) });
  return { metadata, tensors };
}

function splitHeader(bytes: Uint8Array, name: string): { header: object; data: Uint8Array } {
  if (bytes.length < 8)
    throw new FormatError(`${name}: expected 8 bytes of header length, got ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const length = Number(view.getBigUint64(0, true));
  if (length > Math.min(bytes.length - 8, maxHeader)) {
    const got = `${length} in a file of ${bytes.length} bytes`;
    throw new FormatError(`${name}: byte 0: expected length of header, got ${got} (truncated?)`);
  }
  const header = parsedHeader(bytes.subarray(8, 8 + length), name);
  return { header, data: bytes.subarray(8 + length) };
}

function parsedHeader(bytes: Uint8Array, name: string): object {
  let text: string;
  let header: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    header = JSON.parse(text);
  } catch (error) {
    const reason = (error as Error).message;
    throw new FormatError(`${name}: byte 8: expected a JSON header (${reason})`, { cause: error });
  }
  if (!isPlainObject(header))
    throw new FormatError(`${name}: byte 8: expected a JSON object, got ${text.slice(0, 20)}`);
  const twice = duplicateKey(text);
  if (twice !== undefined) throw new FormatError(`${name}: header has ${shown(twice)} twice`);
  if (Object.hasOwn(header, "__proto__"))
    throw new FormatError(`${name}: header has a tensor named __proto__ (refused)`);
  return header;
}

function checkedMetadata(entry: unknown, name: string): Record<string, string> {
  const where = `${name}: __metadata__`;
  if (!isPlainObject(entry)) throw new FormatError(`${where}: expected an object`);
  for (const [key, value] of Object.entries(entry)) {
    if (key === "__proto__") throw new FormatError(`${where}: has a key named __proto__ (refused)`);
    if (typeof value !== "string")
      throw new FormatError(`${where}: expected text for ${shown(key)}, got ${shown(value)}`);
  }
  return entry as Record<string, string>;
}

interface Entry {
  key: string;
  dtype: StoredType;
  shape: number[];
  begin: number;
  end: number;
}

function checkedEntry(key: string, entry: unknown, available: number, name: string): Entry {
  const where = `${name}: tensor ${shown(key)}`;
  if (!isPlainObject(entry)) throw new FormatError(`${where}: expected an object`);
  const { dtype, shape, data_offsets: offsets } = entry as Record<string, unknown>;
  if (!isStoredType(dtype)) {
    const known = Object.keys(storedTypes).join("|");
    throw new FormatError(`${where}: expected dtype ${known}, got ${shown(dtype)}`);
  }
  if (!Array.isArray(shape) || !shape.every(isSize))
    throw new FormatError(`${where}: expected a shape of sizes, got ${shown(shape)}`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize))
    throw new FormatError(`${where}: expected two data_offsets, got ${shown(offsets)}`);
  const [begin, end] = offsets as [number, number];
  const size = elementsOf(shape) * storedTypes[dtype].bytes;
  if (end - begin !== size)
    throw new FormatError(
      `${where}: expected ${size} bytes for ${dtype} ${shown(shape)}, got data_offsets ${begin}…${end}`,
    );
  if (end > available)
    throw new FormatError(
      `${where}: expected data up to byte ${end}, got ${available} bytes of data (truncated?)`,
    );
  return { key, dtype, shape, begin, end };
}

/** Data of the tensors, in order, must leave no byte out and use none twice. */
function checkCoverage(entries: Entry[], available: number, name: string): void {
  let covered = 0;
  for (const { key, begin, end } of entries.toSorted(
    (a, b) => a.begin - b.begin || a.end - b.end,
  )) {
    if (begin !== covered) {
      const why = begin < covered ? "overlaps another tensor" : "leaves a gap";
      throw new FormatError(
        `${name}: tensor ${shown(key)}: expected data from byte ${covered}, got ${begin} (${why})`,
      );
    }
    covered = end;
  }
  if (covered !== available)
    throw new FormatError(`${name}: expected ${covered} bytes of data, got ${available}`);
}

const isPlainObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The content of a file: wide types first so that all data are aligned, then by name. */
export function writeSafetensors(
  tensors: ReadonlyMap<string, HostTensor>,
  metadata: Record<string, string> = {},
): Uint8Array {
  for (const [name, tensor] of tensors) {
    if (name === "__metadata__" || name === "__proto__")
      throw new FormatError(`writeSafetensors: a tensor cannot be named ${name}`);
    checkTensor(tensor, `writeSafetensors(${name})`);
  }
  const width = ({ dtype }: HostTensor) => storedTypes[dtype].bytes;
  const order = [...tensors].sort(
    ([nameA, a], [nameB, b]) => width(b) - width(a) || (nameA < nameB ? -1 : 1),
  );
  const header: [string, unknown][] = [];
  const pairs = Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1));
  if (pairs.length > 0) header.push(["__metadata__", Object.fromEntries(pairs)]);
  const parts: Uint8Array[] = [];
  let end = 0;
  for (const [name, tensor] of order) {
    const part = encode(tensor);
    const begin = end;
    end += part.length;
    parts.push(part);
    const { dtype, shape } = tensor;
    header.push([name, { dtype, shape, data_offsets: [begin, end] }]);
  }
  return joined(headerBytes(Object.fromEntries(header)), parts, end);
}

/** JSON padded with spaces, so that the data that follow it start at a multiple of 8. */
function headerBytes(header: object): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(header));
  const padded = new Uint8Array(Math.ceil(json.length / 8) * 8).fill(0x20);
  padded.set(json);
  return padded;
}

function joined(header: Uint8Array, parts: Uint8Array[], size: number): Uint8Array {
  const bytes = new Uint8Array(8 + header.length + size);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
  bytes.set(header, 8);
  let offset = 8 + header.length;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}
