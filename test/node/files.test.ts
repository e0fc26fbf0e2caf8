import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "vitest";
import { FormatError } from "../../src/engine/errors.ts";
import type { HostTensor } from "../../src/engine/formats/hostTensor.ts";
import { readFileBytes, writeAtomic } from "../../src/node/files.ts";
import { gzipPieces } from "../../src/node/gzipPieces.ts";
import { loadWeights, saveSafetensors } from "../../src/node/weights.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "trackgrad-"));
  path = join(folder, "file");
});
afterEach(() => rmSync(folder, { recursive: true }));

test("writeAtomic replaces a file by text or bytes and leaves nothing else behind", () => {
  writeAtomic(path, "old");
  writeAtomic(path, Uint8Array.of(1, 2, 3));
  expect([...readFileSync(path)]).toEqual([1, 2, 3]);
  expect(readdirSync(folder)).toEqual(["file"]);
});

test("writeAtomic takes one piece after the other, and keeps the old file when they break off", () => {
  const taken: string[][] = [];
  function* pieces(breaksOff: boolean) {
    for (const piece of ["hit_id\n", Uint8Array.of(49, 10)]) {
      taken.push(readdirSync(folder).map((name) => readFileSync(join(folder, name), "utf8")));
      yield piece;
    }
    if (breaksOff) throw new Error("no more hits");
  }
  writeAtomic(path, pieces(false));
  expect(readFileSync(path, "utf8")).toBe("hit_id\n1\n");
  expect(taken).toEqual([[""], ["hit_id\n"]]); // written before the next is asked for
  expect(() => writeAtomic(path, pieces(true))).toThrow(/cannot be written \(no more hits\)/);
  expect(readFileSync(path, "utf8")).toBe("hit_id\n1\n");
  expect(readdirSync(folder)).toEqual(["file"]);
});

test("gzip in pieces is one member that everyone unpacks", async () => {
  const pieces = [
    "",
    "hit_id\n",
    "μ".repeat(40_000),
    ...Array.from({ length: 99 }, (_, i) => `${i}\n`),
  ];
  for (const list of [pieces, [], ["a"]]) {
    writeAtomic(path, gzipPieces(list));
    const packed = readFileSync(path);
    expect(gunzipSync(packed).toString()).toBe(list.join(""));
    // what browsers have refuses a second member
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    expect(await new Response(stream).text()).toBe(list.join(""));
    expect(packed.length).toBeLessThan(2000);
  }
});

test("a write that fails keeps what was there and says where it failed", () => {
  mkdirSync(path);
  expect(() => writeAtomic(path, "new")).toThrow(`${path}: cannot be written (EISDIR`);
  expect(readdirSync(folder)).toEqual(["file"]);
  const deep = join(folder, "missing", "file");
  expect(() => writeAtomic(deep, "new")).toThrow(`${deep}: cannot be written (ENOENT`);
});

test("a missing file and a folder are FormatErrors of one line", async () => {
  await expect(readFileBytes(path)).rejects.toThrow(FormatError);
  await expect(readFileBytes(path)).rejects.toThrow(
    `${path}: expected a file that can be read (no such file)`,
  );
  await expect(readFileBytes(folder)).rejects.toThrow(/expected a file that can be read \(EISDIR/);
});

test("gzip is unpacked, and a truncated or damaged one is refused", async () => {
  const text = Array.from({ length: 300 }, (_, i) => `hit ${i}`).join("\n");
  const packed = gzipSync(text);
  writeFileSync(path, packed);
  expect(new TextDecoder().decode(await readFileBytes(path))).toBe(text);

  for (const length of [2, 10, 11, 50, packed.length - 9, packed.length - 8, packed.length - 1]) {
    writeFileSync(path, packed.subarray(0, length));
    await expect(readFileBytes(path)).rejects.toThrow(FormatError);
    await expect(readFileBytes(path)).rejects.toThrow(`${path}: expected gzip data up to its end`);
  }
  packed[packed.length - 6]! ^= 1; // checksum
  writeFileSync(path, packed);
  await expect(readFileBytes(path)).rejects.toThrow(/incorrect data check/);
});

test("weights are saved and loaded, packed or not, and errors name the file", async () => {
  const x: HostTensor = { dtype: "F32", shape: [2], data: Float32Array.of(1, 2) };
  const tensors = new Map([["x", x]]);
  saveSafetensors(path, tensors, { epoch: "3" });
  expect(await loadWeights(path)).toEqual({ metadata: { epoch: "3" }, tensors });

  const bytes = readFileSync(path);
  writeFileSync(path, gzipSync(bytes));
  expect(await loadWeights(path)).toEqual({ metadata: { epoch: "3" }, tensors });
  for (let length = 0; length < bytes.length; length += 7) {
    writeFileSync(path, bytes.subarray(0, length));
    await expect(loadWeights(path)).rejects.toThrow(FormatError);
    await expect(loadWeights(path)).rejects.toThrow(`${path}: `);
  }
});
