/** Threads of the wasm device: they take part, they end, and nobody waits for one that is gone. */
import { join } from "node:path";
import type { Worker } from "node:worker_threads";
import { afterAll, beforeAll, expect, test } from "vitest";
import { local, set } from "../../../src/engine/codegen/wasm/code.ts";
import { loop } from "../../../src/engine/codegen/wasm/control.ts";
import { i32 } from "../../../src/engine/codegen/wasm/instructions.ts";
import { assemble, define } from "../../../src/engine/codegen/wasm/module.ts";
import { WasmMemory } from "../../../src/engine/runtime/wasm/memory.ts";
import type { ThreadHost } from "../../../src/engine/runtime/wasm/startThread.ts";
import { word } from "../../../src/engine/runtime/wasm/threadScript.ts";
import { type Entry, type Pending, Threads } from "../../../src/engine/runtime/wasm/threads.ts";
import { DeviceError, DeviceLostError, matmul, ones, realize } from "../../../src/index.ts";
import { openDevice } from "../../../src/node/open.ts";
import { nodeThreads } from "../../../src/node/threads.ts";
import { withEnv } from "../../helpers/backends.ts";
import { runChild } from "../../node/child.ts";

const started: Worker[] = [];
const note = (worker: Worker) => started.push(worker);
beforeAll(() => void process.on("worker", note));
afterAll(() => void process.off("worker", note));
/** After this, the news of threads that were started or ended are here. */
const turn = (ms = 0) => new Promise((next) => setTimeout(next, ms));

/** memory[block + 4 place] = first, for every place, slowly. */
const [block, first, from, to] = [local("i32"), local("i32"), local("i32"), local("i32")];
const [place, round, sum] = [local("i32"), local("i32"), local("i32")];
const marks = [
  loop(round, i32.const(0), i32.const(20_000), set(sum, i32.add(i32.mul(sum, first), round))),
  i32.store(
    i32.add(block, i32.shl(place, i32.const(2))),
    i32.or(first, i32.and(sum, i32.const(0))),
  ),
];
const bytes = assemble({
  imports: [],
  functions: [define("mark", [block, first, from, to], loop(place, from, to, marks))],
  isShared: true,
});

/** Runs `mark` on two threads. */
async function marking() {
  const memory = new WasmMemory({ isShared: true });
  const threads = new Threads(2, nodeThreads, memory.memory);
  const env = { memory: memory.memory };
  const { module, instance } = await WebAssembly.instantiate(bytes, { env });
  const shared = { module, entries: Object.values(instance.exports) as Entry[] };
  const mark = (address: number, extent: number, length: number): Pending =>
    threads.run({ module: shared, entry: 0, block: address, first: 1, step: 1, extent, length });
  return { memory, threads, mark };
}

const purpose = { label: "test", dtype: "u32", shape: [400] } as const;

test("every chunk is done once, by whoever is free", async () => {
  const { memory, threads, mark } = await marking();
  let byOthers = 0;
  for (let run = 0; run < 200 && byOthers === 0; run++) {
    const { address } = memory.take(1600, purpose);
    await mark(address, 400, 3);
    const numbers = memory.view(address, "u32", 400);
    expect(numbers.every((number) => number === 1 || number === 2)).toBe(true);
    byOthers = numbers.filter((number) => number === 2).length;
    memory.take(2 ** 20, purpose); // memory grows between launches, and the others see it
    await turn(); // a new thread needs a moment
  }
  expect(byOthers).toBeGreaterThan(0);
  await threads.end();
});

test("an access outside of memory is an error, on any thread, and the next launch works", async () => {
  const { memory, threads, mark } = await marking();
  const { address } = memory.take(1600, purpose);
  const end = memory.memory.buffer.byteLength;
  for (let run = 0; run < 5; run++)
    await expect((async () => mark(end - 160, 80, 4))()).rejects.toThrow(WebAssembly.RuntimeError);
  await mark(address, 400, 7);
  expect(memory.view(address, "u32", 400).every((number) => number > 0)).toBe(true);
  await threads.end();
});

const large = () => matmul(ones([700, 700]), ones([700, 700]));

test("a device ends its threads when it is closed, and starts none for small work", async () => {
  const before = started.length;
  const device = await openDevice({ backend: "wasm", threads: 3 });
  await ones([10]).add(1).data();
  expect(started.length).toBe(before);
  await large().data();
  await turn();
  const own = started.slice(before);
  expect(own).toHaveLength(2);
  await device.close();
  expect(own.map(({ threadId }) => threadId)).toEqual([-1, -1]);
});

test("a thread that is killed is a lost device at the next await, at work or not", async () => {
  for (const isAtWork of [false, true]) {
    const before = started.length;
    const device = await openDevice({ backend: "wasm", threads: 2 });
    await realize([large()]);
    await turn();
    const work = isAtWork ? device.realize([large().exp().expr]) : null;
    const killed = started[before]!.terminate();
    await work?.catch((error) => expect(error).toBeInstanceOf(DeviceLostError)); // it may have been done
    await killed;
    await expect(large().data()).rejects.toThrow(DeviceLostError);
    await expect(ones([3]).add(1).data()).rejects.toThrow(
      /^wasm: expected 2 threads, got one less \(thread 1 ended: .*; open another device/,
    );
    await device.close();
  }
  const device = await openDevice({ backend: "wasm", threads: 2 });
  expect(await large().max().item()).toBe(700);
  await device.close();
});

test("nobody waits for the chunk of a thread that is gone", async () => {
  let control: Int32Array = new Int32Array();
  let kill = (_: string): void => {};
  const host: ThreadHost = {
    cores: 2,
    start: (_, { lost }) => {
      kill = lost;
      const post = (message: unknown) => {
        control = (message as { start?: { control: Int32Array } }).start?.control ?? control;
      };
      return { post, hold: () => {}, end: async () => {} };
    },
  };
  const { memory } = new WasmMemory({ isShared: true });
  const threads = new Threads(2, host, memory);
  const entry: Entry = (_, __, from) => {
    if (from > 0) return;
    Atomics.add(control, word.ticket, 1); // the other has taken a chunk
    setTimeout(() => kill("killed"), 10);
  };
  const shared = { module: new WebAssembly.Module(bytes), entries: [entry] };
  const work = { module: shared, entry: 0, block: 0, first: 0, step: 0, extent: 9, length: 1 };
  await expect(threads.run(work)).rejects.toThrow(DeviceLostError);
  expect(() => threads.expectAlive()).toThrow("thread 1 ended: killed");
});

test("a process that leaves its device open ends", async () => {
  const { code, signal, stdout, stderr } = await runChild(
    join(import.meta.dirname, "../children/threads.ts"),
  );
  expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: "" });
  expect(JSON.parse(stdout)).toEqual({ greatest: 700, threads: 1 });
});

test("TG_THREADS and the option say how many, and nonsense is refused", async () => {
  const described = async (options: Parameters<typeof openDevice>[0]) => {
    const device = await openDevice({ backend: "wasm", ...options });
    const { description } = device.backend;
    await device.close();
    return description;
  };
  await withEnv({ TG_THREADS: "3" }, async () => {
    expect(await described({})).toMatch(/, 3 threads$/);
    expect(await described({ threads: 1 })).toMatch(/, one thread$/);
    expect(await described({ threadHost: null })).toMatch(/, one thread$/);
  });
  await expect(described({ threads: 0 })).rejects.toThrow(DeviceError);
  await withEnv({ TG_THREADS: "two" }, async () => {
    await expect(described({})).rejects.toThrow(
      "openDevice(threads): expected a whole number ≥ 1, got two",
    );
  });
});
