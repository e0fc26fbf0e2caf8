import fc from "fast-check";
import { expect, test } from "vitest";
import { FormatError } from "../../src/engine/errors.ts";
import { crc32 } from "../../src/engine/formats/crc32.ts";
import { readZip } from "../../src/engine/formats/zip.ts";
import { bytesOf, u16, u32, zipOf } from "./archive.ts";

const hello = bytesOf("hello");
const entries: [string, Uint8Array][] = [
  ["a/data.pkl", hello],
  ["a/data/0", Uint8Array.of(1, 2, 3)],
  ["a/empty", new Uint8Array()],
];

test("crc32 has the published check value", () => {
  expect(crc32(bytesOf("123456789"))).toBe(0xcbf43926);
});

test("entries are found with or without data descriptors, padding, comments and zip64", () => {
  const anyZip = fc.record({
    flags: fc.constantFrom(0, 8, 0x808),
    zip64: fc.boolean(),
    padding: fc.integer({ min: 0, max: 70 }),
    comment: fc.string({ maxLength: 40 }),
  });
  fc.assert(
    fc.property(anyZip, fc.nat(9), (options, shift) => {
      const bytes = bytesOf(new Uint8Array(shift), zipOf(entries, options)).subarray(shift);
      expect(readZip(bytes, "file")).toEqual(new Map(entries));
    }),
  );
});

test("an archive without entries is empty", () => {
  expect(readZip(zipOf([]), "file").size).toBe(0);
});

/** A copy in which `change` has been made at the last place where `mark` occurs. */
function patched(bytes: Uint8Array, mark: string, offset: number, change: Uint8Array): Uint8Array {
  const copy = Buffer.from(bytes);
  copy.set(change, copy.lastIndexOf(Buffer.from(mark)) + offset);
  return new Uint8Array(copy);
}
const [end, entry, end64] = ["PK\x05\x06", "PK\x01\x02", "PK\x06\x06"];
const good = zipOf(entries);
const lastLocal = Buffer.from(good).lastIndexOf("PK\x03\x04");
const good64 = zipOf(entries, { zip64: true });

test.each<[string, Uint8Array, RegExp]>([
  ["nothing", bytesOf(), /expected a zip end record/],
  ["only text", bytesOf("x".repeat(100)), /expected a zip end record/],
  ["its last byte missing", good.subarray(0, -1), /expected a zip end record \(truncated/],
  [
    "compressed entries",
    zipOf(entries, { method: 8 }),
    /"a\/data.pkl": expected stored data, got compression 8/,
  ],
  ["encrypted entries", zipOf(entries, { flags: 1 }), /is encrypted/],
  ["two volumes", patched(good, end, 4, u16(1)), /archive is split/],
  ["a damaged entry", zipOf(entries, { crc: () => 1 }), /checksum differs/],
  [
    "one path twice",
    zipOf([entries[0]!, entries[0]!]),
    /expected one entry "a\/data.pkl", got two/,
  ],
  ["more entries announced than there are", patched(good, end, 10, u16(9)), /expected more|entry/],
  [
    "fewer entries announced than there are",
    patched(good, end, 10, u16(2)),
    /expected a directory of/,
  ],
  ["a directory behind the end", patched(good, end, 16, u32(1e6)), /expected a directory before/],
  ["a huge directory", patched(good, end, 12, u32(0xfffffffe)), /expected a directory before/],
  ["zip64 sizes that are missing", patched(good, end, 16, u32(0xffffffff)), /locator64/],
  [
    "a zip64 count of 2^64 − 1",
    patched(good64, end64, 32, new Uint8Array(8).fill(255)),
    /expected/,
  ],
  [
    "a zip64 locator that points nowhere",
    patched(good64, "PK\x06\x07", 8, new Uint8Array(8).fill(255)),
    /expected more/,
  ],
  [
    "an entry longer than the file",
    patched(good, entry, 20, bytesOf(u32(1e9), u32(1e9))),
    /expected 1000000000 bytes/,
  ],
  [
    "an entry whose two sizes differ",
    patched(good, entry, 20, u32(7)),
    /expected 0 stored bytes, got 7/,
  ],
  [
    "a local header that is none",
    patched(good, entry, 42, u32(lastLocal + 1)),
    /expected a zip local record/,
  ],
  [
    "a local header in the last bytes",
    patched(good, entry, 42, u32(good.length - 2)),
    /expected more/,
  ],
  ["a local header behind the end", patched(good, entry, 42, u32(1e9)), /expected more/],
  ["entries that share bytes", patched(good, entry, 42, u32(0)), /overlaps another/],
  [
    "a path longer than the directory",
    patched(good, entry, 28, u16(0xffff)),
    /inside the directory/,
  ],
])("an archive with %s is refused", (_, bytes, message) => {
  const read = () => readZip(bytes, "c.pt");
  expect(read).toThrow(FormatError);
  expect(read).toThrow(message);
  expect(read).toThrow(/^c\.pt: byte \d+: /);
});

test("an archive cut anywhere is refused", () => {
  for (let length = 0; length < good.length; length++)
    expect(() => readZip(good.subarray(0, length), "c.pt")).toThrow(FormatError);
});
