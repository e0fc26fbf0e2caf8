/**
 * Zip archives whose entries are stored, not compressed: what PyTorch writes.
 *
 * Sizes are taken from the central directory at the end of the file, since local headers may leave
 * them to a data descriptor that follows the data. No decompression, no encryption, no volumes.
 */
import { FormatError } from "../errors.ts";
import { crc32 } from "./crc32.ts";
import { shown } from "./json.ts";

const signature = {
  local: 0x04034b50,
  entry: 0x02014b50,
  end: 0x06054b50,
  end64: 0x06064b50,
  locator64: 0x07064b50,
};
const full16 = 0xffff; // a 16 or 32-bit field with all bits set refers to its zip64 twin
const full32 = 0xffffffff;

/** Entries by path, as views of `bytes`; `name` is what errors call the file. */
export function readZip(bytes: Uint8Array, name: string): Map<string, Uint8Array> {
  const zip = { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length), name };
  const { count, offset, end } = centralDirectory(zip);
  const entries: Entry[] = [];
  let at = offset;
  for (let i = 0; i < count; i++) {
    const entry = readEntry(zip, at, end);
    entries.push(entry);
    at = entry.next;
  }
  if (at !== end)
    fail(zip, at, `expected a directory of ${end - offset} bytes, got ${at - offset}`);
  return contentsOf(zip, entries, offset);
}

interface Zip {
  bytes: Uint8Array;
  view: DataView;
  name: string;
}

function fail({ name }: Zip, at: number, message: string): never {
  throw new FormatError(`${name}: byte ${at}: ${message}`);
}

function expectRecord(zip: Zip, at: number, size: number, kind: keyof typeof signature): void {
  if (!(at >= 0 && at + size <= zip.bytes.length)) fail(zip, at, "expected more (truncated?)");
  if (zip.view.getUint32(at, true) !== signature[kind])
    fail(zip, at, `expected a zip ${kind} record`);
}

/** A u64 that must be exact; anything larger is no file size. */
const getSize = (view: DataView, at: number): number => Number(view.getBigUint64(at, true));

/** Where the list of entries lies. */
function centralDirectory(zip: Zip): { count: number; offset: number; end: number } {
  const { view } = zip;
  const at = endRecord(zip);
  if (view.getUint32(at + 4, true) !== 0) fail(zip, at, "expected one volume (archive is split)");
  let count = view.getUint16(at + 10, true);
  let size = view.getUint32(at + 12, true);
  let offset = view.getUint32(at + 16, true);
  if (count === full16 || size === full32 || offset === full32) {
    expectRecord(zip, at - 20, 20, "locator64");
    const at64 = getSize(view, at - 12);
    expectRecord(zip, at64, 56, "end64");
    count = getSize(view, at64 + 32);
    size = getSize(view, at64 + 40);
    offset = getSize(view, at64 + 48);
  }
  const end = offset + size;
  if (end > at) fail(zip, at, `expected a directory before it, got bytes ${offset}…${end}`);
  return { count, offset, end };
}

/** The record that closes the file: only a comment, whose length it gives, may follow it. */
function endRecord(zip: Zip): number {
  const { bytes, view } = zip;
  const size = 22;
  const first = Math.max(0, bytes.length - size - full16);
  for (let at = bytes.length - size; at >= first; at--) {
    if (view.getUint32(at, true) !== signature.end) continue;
    if (at + size + view.getUint16(at + 20, true) === bytes.length) return at;
  }
  return fail(zip, bytes.length, "expected a zip end record (truncated, or no zip file)");
}

interface Entry {
  path: string;
  at: number; // of the record, for messages
  size: number;
  crc: number;
  local: number; // where the local header lies
  next: number; // where the next record lies
}

function readEntry(zip: Zip, at: number, end: number): Entry {
  const { bytes, view } = zip;
  expectRecord(zip, at, 46, "entry");
  const nameLength = view.getUint16(at + 28, true);
  const extraLength = view.getUint16(at + 30, true);
  const extra = at + 46 + nameLength;
  const next = extra + extraLength + view.getUint16(at + 32, true);
  if (next > end) fail(zip, at, "expected an entry inside the directory");
  const path = new TextDecoder().decode(bytes.subarray(at + 46, extra));
  const where = `entry ${shown(path)}`;
  const method = view.getUint16(at + 10, true);
  if (view.getUint16(at + 8, true) & 1) fail(zip, at, `${where}: is encrypted`);
  if (method !== 0) fail(zip, at, `${where}: expected stored data, got compression ${method}`);

  const sizes = {
    size: view.getUint32(at + 24, true),
    packed: view.getUint32(at + 20, true),
    local: view.getUint32(at + 42, true),
  };
  widen(zip, sizes, extra, extra + extraLength);
  const { size, packed, local } = sizes;
  if (size !== packed) fail(zip, at, `${where}: expected ${size} stored bytes, got ${packed}`);
  return { path, at, size, crc: view.getUint32(at + 16, true), local, next };
}

/** zip64: fields that did not fit follow, in this order, in an extra field with tag 1. */
function widen(zip: Zip, sizes: Record<string, number>, from: number, end: number): void {
  const { view } = zip;
  const wide = Object.keys(sizes).filter((key) => sizes[key] === full32);
  for (let at = from; wide.length > 0 && at + 4 <= end; at += 4 + view.getUint16(at + 2, true)) {
    if (view.getUint16(at, true) !== 1) continue;
    if (at + 4 + 8 * wide.length > end) break;
    wide.forEach((key, i) => {
      sizes[key] = getSize(view, at + 4 + 8 * i);
    });
    return;
  }
  if (wide.length > 0) fail(zip, from, "expected zip64 sizes in the extra field");
}

/** Data of all entries, which lie before byte `limit`. */
function contentsOf(zip: Zip, entries: Entry[], limit: number): Map<string, Uint8Array> {
  const contents = new Map<string, Uint8Array>();
  let used = 0; // entries that share bytes would let a small file hold any amount of data
  for (const { path, at, size, crc, local } of entries.toSorted((a, b) => a.local - b.local)) {
    const where = `entry ${shown(path)}`;
    if (contents.has(path)) fail(zip, at, `expected one ${where}, got two`);
    if (local < used) fail(zip, at, `${where}: overlaps another one`);
    const start = dataStart(zip, local);
    if (start + size > limit)
      fail(zip, at, `${where}: expected ${size} bytes, got ${limit - start} up to the directory`);
    used = start + size;
    const content = zip.bytes.subarray(start, used);
    if (crc32(content) !== crc) fail(zip, start, `${where}: checksum differs (damaged file)`);
    contents.set(path, content);
  }
  return contents;
}

/** Data follow the local header, whose name and padding may differ from the directory's. */
function dataStart(zip: Zip, local: number): number {
  expectRecord(zip, local, 30, "local");
  return local + 30 + zip.view.getUint16(local + 26, true) + zip.view.getUint16(local + 28, true);
}
