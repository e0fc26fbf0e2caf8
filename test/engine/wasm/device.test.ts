import { setFlagsFromString } from "node:v8";
import { expect, test, vi } from "vitest";
import { type ElementwiseOp, elementwise } from "../../../src/engine/ops/elementwise.ts";
import { type WasmBuffer, WasmMemory } from "../../../src/engine/runtime/wasm/memory.ts";
import { hasRelaxedVectors } from "../../../src/engine/runtime/wasm.ts";
import {
  DeviceError,
  explain,
  layerNorm,
  matmul,
  ones,
  type Pipeline,
  Rng,
  softmax,
  tensor,
  zeros,
} from "../../../src/index.ts";
import { openDevice } from "../../../src/node/open.ts";
import { useDevice } from "../../helpers/backends.ts";

const device = useDevice("wasm");

test("new sizes assemble no new module", async () => {
  const rng = new Rng(2);
  const step = async (numHits: number) => {
    const x = rng.normal([numHits, 8]);
    const normal = layerNorm(x, ones([8]), zeros([8]));
    return softmax(normal.mul(2).add(x.sum({ axes: 0 })))
      .sum({ axes: 1 })
      .data();
  };
  await step(5);
  const { pipelines, plans } = device().stats();
  for (const numHits of [700, 1, 33, 64]) expect(await step(numHits)).toHaveLength(numHits);
  expect(device().stats()).toMatchObject({ pipelines, plans });
});

test("explain says how large a module is and how long it took to compile", async () => {
  const sums = tensor([1, 2])
    .add(tensor([3, 4]))
    .exp();
  const normal = softmax(tensor([1, 2], [1, 2])); // a kernel
  for (const result of [sums, normal]) {
    const { launches } = await explain([result]);
    expect(launches[0]!.source).toMatch(/^\/\/ WebAssembly, [1-9]\d+ bytes/);
    const [{ bytes, compileMs }] = launches[0]!.pipelines as [Pipeline];
    expect(bytes).toBeGreaterThan(40);
    expect(compileMs).toBeGreaterThan(0);
  }
});

test("what has no spelling in WebAssembly calls JavaScript, with operands of every kind", async () => {
  const x = [-3, -1, 0, 2, 5, 7, -8, 9, 1];
  const y = [2, -1, 0, 3, -5, 7, 4, 1, 6];
  const results = () => {
    const [a, b] = [tensor(x), tensor(y)];
    const [i, j] = [a.cast("i32"), b.cast("i32")];
    const [u, v] = [i.cast("u32"), j.cast("u32")];
    const condition = a.less(b);
    return [
      ...[a.atan2(b), i.maximum(j), u.maximum(v), condition.and(b.less(3)).cast("f32")],
      ...[condition.select(i, j), u.less(v).cast("i32")],
    ];
  };
  const read = () => Promise.all(results().map(async (t) => [...(await t.data())]));
  const own = await read();
  const rows = ["atan2", "maximum", "and", "select", "less"].map(
    (op) => elementwise[op] as { -readonly [key in keyof ElementwiseOp]: ElementwiseOp[key] },
  );
  const spellings = rows.map(({ wasm }) => wasm);
  for (const row of rows) delete row.wasm;
  try {
    // others of the same structure would be found compiled
    await device().close();
    const other = await openDevice({ backend: "wasm" });
    const called = await read();
    await other.close();
    for (const [which, values] of called.entries())
      for (const [i, value] of values.entries()) expect(value).toBeCloseTo(own[which]![i]!, 6);
  } finally {
    for (const [which, row] of rows.entries()) row.wasm = spellings[which]!;
  }
});

test("memory that comes back is used again, joined with its neighbors, and is zero", () => {
  const memory = new WasmMemory({ isShared: false });
  const purpose = { label: "test", dtype: "f32", shape: [16] } as const;
  const [a, b, c] = [64, 64, 64].map((bytes) => memory.take(bytes, purpose));
  memory.view(a!.address, "f32", 16).fill(7);
  memory.give(b!);
  memory.give(a!);
  const joined = memory.take(128, purpose);
  expect(joined.address).toBe(a!.address);
  expect(memory.view(joined.address, "f32", 32).every((x) => x === 0)).toBe(true);
  expect(memory.take(64, purpose).address).toBeGreaterThan(c!.address);
});

test("memory beyond the sign of an address is memory, and beyond all addresses an error", async () => {
  for (const threads of [1, 2]) {
    const own = await openDevice({ backend: "wasm", threads });
    const purpose = { label: "test", dtype: "f32", shape: [2 ** 29] } as const;
    const half = own.backend.createBuffer(2 ** 31, purpose); // never touched
    const rng = new Rng(3);
    const [a, b] = [rng.normal([70, 90]), rng.normal([90, 80])];
    const high = await matmul(a, b).add(1).data();
    expect(() => own.backend.createBuffer(2 ** 31, purpose)).toThrow(
      /^wasm\(test\): expected room for 2147483648 B beside \d{10} B, got none \(f32 \[536870912\]; 32-bit addresses reach 4294901760 B\)$/,
    );
    await own.close();
    const js = await openDevice({ backend: "js" });
    const same = new Rng(3);
    const [c, d] = [same.normal([70, 90]), same.normal([90, 80])];
    const wanted = await matmul(c, d).add(1).data();
    // random numbers and sums of 90 products in f32
    for (const [i, y] of wanted.entries()) expect(Math.abs(high[i]! - y)).toBeLessThan(1e-3);
    await js.close();
    expect((half as WasmBuffer).address).toBeLessThan(2 ** 31);
  }
});

test("without vectors, auto is js, and wasm says what is missing", async () => {
  const validate = vi.spyOn(WebAssembly, "validate").mockReturnValue(false);
  try {
    const gpu = () => Promise.reject(new DeviceError("none"));
    const own = await openDevice({ backend: "auto", gpu });
    expect(own.backend.name).toBe("js");
    expect(await tensor([1, 2]).add(1).sum().item()).toBe(5);
    await own.close();
    await expect(openDevice({ backend: "wasm" })).rejects.toThrow(
      "openDevice(wasm): expected WebAssembly with vectors, got none (use js)",
    );
  } finally {
    validate.mockRestore();
  }
});

test("relaxed multiply-adds are taken only where they are allowed and known", async () => {
  setFlagsFromString("--experimental-wasm-relaxed-simd"); // what older engines want
  const product = async (options: Parameters<typeof openDevice>[0]) => {
    const own = await openDevice({ backend: "wasm", threads: 1, ...options });
    const rng = new Rng(5);
    const [a, b] = [rng.normal([40, 300]), rng.normal([300, 24])];
    const y = await matmul(a, b).data();
    const { description } = own.backend;
    await own.close();
    return { y, description };
  };
  const [plain, relaxed] = [await product({}), await product({ relaxed: true })];
  expect(plain.description).not.toMatch("relaxed");
  expect(relaxed.description.includes("relaxed")).toBe(hasRelaxedVectors());
  // 300 products of normal numbers, each rounded once or twice
  for (const [i, y] of plain.y.entries()) expect(Math.abs(relaxed.y[i]! - y)).toBeLessThan(1e-4);
  const validate = vi
    .spyOn(WebAssembly, "validate")
    .mockReturnValueOnce(true) // vectors
    .mockReturnValueOnce(true)
    .mockReturnValueOnce(false);
  try {
    const without = await product({ relaxed: true });
    expect(without.description).not.toMatch("relaxed");
    expect(without.y).toEqual(plain.y);
  } finally {
    validate.mockRestore();
  }
});
