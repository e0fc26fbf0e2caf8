/** Files that come in pieces are read as if they came whole. */
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  csvPieces,
  readCsv,
  readCsvPieces,
  readSubmission,
  readTrackml,
  simulateEvent,
  writeCsv,
  writeTrackml,
} from "../../src/tracking/index.ts";

const schema = { a: "u32", b: "f64?", c: "u64" } as const;
const options = { where: "t.csv", optional: { d: "i32" } as const };

/** Mostly a table; sometimes with what breaks one. */
const texts = fc
  .tuple(
    fc.constantFrom("a,b,c", "b,x,c,a", "\ufeffa,b,c,d", "a,b", "", "a,a,b,c"),
    fc.array(
      fc.constantFrom(
        "1,2.5,3",
        "4,,18446744073709551615",
        "7,8,9,-1",
        "1,2,3,4",
        "",
        "x,1,2",
        "1,2",
      ),
      { maxLength: 12 },
    ),
    fc.constantFrom("\n", "\r\n"),
    fc.constantFrom("", "\n", "\r\n\r\n", "\n\n\n"),
  )
  .map(([head, rows, end, last]) => [head, ...rows].join(end) + last);

function* cut(bytes: Uint8Array, sizes: readonly number[]): Generator<Uint8Array> {
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length]!;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

test("a table in pieces is the table, or refused with the same words", async () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 });
  let numRead = 0;
  await fc.assert(
    fc.asyncProperty(texts, sizes, async (text, pieces) => {
      const bytes = new TextEncoder().encode(text);
      const message = ({ message }: Error) => message;
      const inPieces = await readCsvPieces(cut(bytes, pieces), schema, options).catch(message);
      let whole: unknown;
      try {
        whole = readCsv(bytes, schema, options);
        numRead++;
      } catch (error) {
        whole = message(error as Error);
      }
      expect(inPieces).toEqual(whole);
    }),
    { seed: 3, numRuns: 600 },
  );
  expect(numRead).toBeGreaterThan(20);
});

test.each([false, true])("an event in pieces is the event (gzip: %s)", async (isPacked) => {
  const event = simulateEvent({ seed: 2, particles: 12 });
  const files = writeTrackml(event);
  const read = (sizes: number[]) =>
    readTrackml(async (name) => {
      const [, kind] = /-(\w+)\.csv$/.exec(name) ?? [];
      if (kind === undefined) return undefined;
      const bytes = new TextEncoder().encode(files[kind as keyof typeof files]);
      return cut(isPacked ? gzipSync(bytes) : bytes, sizes);
    }, event.name);
  expect(await read([1, 50, 700])).toEqual(event);
  expect(await read([2 ** 20])).toEqual(event);
});

test("what has no line end is no table, and is not kept until its end", async () => {
  let numPieces = 0;
  function* endless() {
    for (; ; numPieces++) yield new Uint8Array(2 ** 16).fill(65);
  }
  await expect(readCsvPieces(endless(), schema, options)).rejects.toThrow(
    "t.csv line 1: expected a line of at most 1 MiB, got a longer one",
  );
  expect(numPieces).toBeLessThan(20);
});

test("a table is written in pieces of whole lines, NaN as nothing, and read back", async () => {
  const numRows = 20_000;
  const a = Uint32Array.from({ length: numRows }, (_, row) => row);
  const b = Float64Array.from(a, (row) => (row % 7 === 0 ? Number.NaN : row / 3));
  const c = BigUint64Array.from(Array.from(a, (row) => 2n ** 60n + BigInt(row)));
  const pieces = [...csvPieces({ a, b, c })];
  expect(pieces.length).toBeGreaterThan(3);
  expect(pieces.every((piece) => piece.endsWith("\n"))).toBe(true);
  expect(writeCsv({ a, b, c })).toBe(pieces.join(""));
  expect(readCsv(pieces.join(""), schema, { where: "t.csv" })).toEqual({ a, b, c });
  expect([...csvPieces({ a: [1] }, { hasHeader: false })]).toEqual(["1\n"]);
});

test("nothing of a piece is kept: a million hits from memory that is filled again and again", async () => {
  const memory = new Uint8Array(2 ** 20);
  function* refilled(text: Iterable<string>): Generator<Uint8Array> {
    for (const piece of text)
      yield memory.subarray(0, new TextEncoder().encodeInto(piece, memory).written);
  }
  const hitId = new Uint32Array(1_000_000).map((_, hit) => hit);
  const trackId = Int32Array.from(hitId, (hit) => hit >> 3);
  const pieces = refilled(csvPieces({ hit_id: hitId, track_id: trackId }));
  const read = await readSubmission(pieces, "tracks.csv");
  const isEqual = (one: ArrayBufferView, other: ArrayBufferView) =>
    Buffer.from(one.buffer).equals(Buffer.from(other.buffer)); // a million expectations take a minute
  expect([isEqual(read.hitId, hitId), isEqual(read.trackId, trackId)]).toEqual([true, true]);
});
