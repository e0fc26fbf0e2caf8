import { expect, test } from "vitest";
import { BufferPool } from "../../src/engine/runtime/pool.ts";

const purpose = { label: "test", dtype: "f32", shape: [] } as const;
const limit = 2 ** 31 - 4; // common for storage bindings, and not a size class

function poolOf() {
  const made: number[] = [];
  const destroyed: number[] = [];
  const memory = {
    createBuffer: (bytes: number) => {
      made.push(bytes);
      return { bytes };
    },
    destroyBuffer: ({ bytes }: { bytes: number }) => void destroyed.push(bytes),
  };
  return { pool: new BufferPool(memory, limit), made, destroyed };
}

test("of a buffer a fifth is unused at most, and none is above the limit", () => {
  const { pool } = poolOf();
  for (let bytes = 257; bytes < limit; bytes = Math.floor(bytes * 1.1)) {
    const buffer = pool.take(bytes, purpose);
    expect(buffer.bytes).toBeGreaterThanOrEqual(bytes);
    expect(buffer.bytes).toBeLessThanOrEqual(Math.min(1.25 * bytes, limit));
    if (buffer.bytes < limit) expect(buffer.bytes % 8).toBe(0);
  }
  expect(pool.take(limit, purpose).bytes).toBe(limit);
});

test("what is idle is never more than was in use, and what was idle longest goes first", () => {
  const { pool, destroyed } = poolOf();
  for (let kib = 1; kib <= 16; kib *= 2) {
    const buffers = [pool.take(1024 * kib, purpose), pool.take(1024 * kib, purpose)];
    for (const buffer of buffers) pool.give(buffer);
    pool.trim();
  }
  // 62 KiB were made and 32 KiB in use at once
  expect(destroyed).toEqual([1, 1, 2, 2, 4, 4, 8, 8].map((kib) => 1024 * kib));
  expect(pool.take(16384, purpose).bytes).toBe(16384);
});

test("what is given back is taken again, and drained in the end", () => {
  const { pool, made, destroyed } = poolOf();
  const [a, b] = [pool.take(1000, purpose), pool.take(1020, purpose)];
  pool.give(a);
  expect(pool.take(900, purpose)).toBe(a);
  expect([pool.bytesLive, pool.bytesPeak]).toEqual([2048, 2048]);
  pool.give(a);
  pool.give(b);
  pool.drain();
  expect(pool.bytesLive).toBe(0);
  expect(made).toEqual([1024, 1024]);
  expect(destroyed).toEqual(made);
});
