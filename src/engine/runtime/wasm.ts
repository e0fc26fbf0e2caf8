/** The `wasm` backend: modules assembled from programs, over one linear memory. */
import { jsSource } from "../codegen/js.ts";
import type { Code } from "../codegen/wasm/code.ts";
import { f32x4, v128 } from "../codegen/wasm/instructions.ts";
import { assemble, define } from "../codegen/wasm/module.ts";
import { type HostArray, packInto, unpack } from "../dtype.ts";
import { env } from "../env.ts";
import { DeviceError } from "../errors.ts";
import type { Kernel, WasmSpelling } from "../kernel.ts";
import type { Program } from "../program.ts";
import type { Backend, Command, Executable } from "./backend.ts";
import { inOrder } from "./inOrder.ts";
import { timed } from "./pipeline.ts";
import { RecentlyUsed } from "./recentlyUsed.ts";
import { referenceOf } from "./reference.ts";
import { type WasmBuffer, WasmMemory } from "./wasm/memory.ts";
import type { Compiled, Place, Run } from "./wasm/programs.ts";
import type { ThreadHost } from "./wasm/startThread.ts";
import { type Pending, Threads } from "./wasm/threads.ts";

interface Made extends Compiled {
  source: string;
}
type WasmExecutable = Executable & Made;

const mostModules = 4096; // kept for reuse

/** Loaded where they are used: the page that opens the device need not wait for them. */
const compilers = () => import("./wasm/programs.ts");

/** Whether this engine has the vectors that modules are made of. */
export const hasWasm = (): boolean =>
  typeof WebAssembly !== "undefined" &&
  WebAssembly.validate(vectorModule(v128.const([0, 0, 0, 0])));

/** Whether it has multiply-adds whose rounding is left to the machine. */
export function hasRelaxedVectors(): boolean {
  const one = f32x4.const(1);
  return hasWasm() && WebAssembly.validate(vectorModule(f32x4.relaxedMultiplyAdd(one, one, one)));
}

/** A function that makes a v128. */
const vectorModule = (body: Code): Uint8Array<ArrayBuffer> =>
  assemble({ imports: [], functions: [define("f", [], body, ["v128"])], isShared: false });

export interface WasmOptions {
  /** How to start threads; null for none. */
  host: ThreadHost | null;
  /** How many share large launches, this one included. */
  count: number;
  /** Whether results may depend on the machine in their last bits. */
  isRelaxed: boolean;
}

export function wasmBackend({ host, count, isRelaxed: isAllowed }: WasmOptions): Backend {
  const numThreads = host ? count : 1;
  const memory = new WasmMemory({ isShared: numThreads > 1 });
  const threads = new Threads(numThreads, host, memory.memory);
  const isRelaxed = isAllowed && hasRelaxedVectors();
  const place = { memory, threads, isRelaxed };
  const commands = inOrder(runOne);
  const compiled = new RecentlyUsed<Promise<WasmExecutable>>(mostModules);
  let pipelines = 0;
  const cached = (text: string, label: string, make: () => Promise<Made>) => {
    const known = compiled.get(text);
    if (known) return known;
    const executable = timed({ label, text }, make).then(({ made, pipeline }) => ({
      ...made,
      label,
      pipelines: [{ ...pipeline, bytes: made.bytes }],
    }));
    compiled.set(text, executable);
    pipelines++;
    return executable;
  };

  return {
    name: "wasm",
    description: describe(numThreads, isRelaxed),
    precision: "f32",
    limits: { inputs: 64, bufferBytes: 2 ** 31, bindingBytes: 2 ** 31, bindingAlign: 4 },
    storesF16: true,
    lanes: () => 0,
    createBuffer: (bytes, purpose) => memory.take(bytes, purpose),
    slice: (buffer, start, bytes): WasmBuffer => ({
      bytes,
      address: (buffer as WasmBuffer).address + start,
      whole: buffer.whole ?? buffer,
    }),
    destroyBuffer: (buffer) => memory.give(buffer as WasmBuffer),
    upload(buffer, data, dtype) {
      packInto(memory.stored((buffer as WasmBuffer).address, dtype, data.length), data);
    },
    read(buffer, dtype, count) {
      const stored = memory.stored((buffer as WasmBuffer).address, dtype, count);
      return Promise.resolve(unpack(stored, dtype, count));
    },

    compileProgram: (program, label) => {
      const source = jsSource(program);
      return cached(`${signatureOf(program)}\n${source}`, label, async () => {
        const { run, bytes } = await (await compilers()).compileWasm(program, place);
        const header = `// WebAssembly, ${bytes} bytes; in JavaScript:`;
        if (env.debug() >= 4) console.error(`${label}\n${header}\n${source}`);
        return { source: `${header}\n${source}`, run, bytes };
      });
    },

    compileKernel: (kernel, finish) => {
      const source = finish ? jsSource(finish) : "";
      const key = `${kernel.name} ${JSON.stringify(kernel.attrs)} ${finish && signatureOf(finish)}\n${source}`;
      return cached(key, kernel.name, async () => {
        const { run, bytes } = await kernelRun(kernel, finish, place);
        const own = spellingOf(kernel)?.code ?? kernel.reference;
        const header = `// WebAssembly, ${bytes} bytes`;
        return { source: `${header}\n${own}${source ? `\n// then\n${source}` : ""}`, run, bytes };
      });
    },

    get pipelines() {
      return pipelines;
    },

    ...commands,
    async ready() {
      await commands.ready();
      threads.expectAlive();
    },
    async check() {
      await commands.check();
      threads.expectAlive();
    },
    async close() {
      await commands.close();
      await threads.end();
    },
  };
}

function runOne({ executable, buffers, params }: Command): Pending {
  const trapped = (error: unknown): never => {
    if (!(error instanceof WebAssembly.RuntimeError)) throw error;
    throw new DeviceError(
      `wasm(${executable.label}): expected indices within their tensors, got ${error.message}`,
    );
  };
  try {
    const { run } = executable as WasmExecutable;
    return run(buffers as readonly WasmBuffer[], params)?.catch(trapped);
  } catch (error) {
    return trapped(error);
  }
}

const describe = (threads: number, isRelaxed: boolean): string => {
  const shared = threads === 1 ? "one thread" : `${threads} threads`;
  return `WebAssembly with vectors of four${isRelaxed ? ", relaxed" : ""}, ${shared}`;
};

const signatureOf = ({ buffers, params }: Program): string =>
  `${buffers.map(({ dtype }) => dtype)} ${params.map(({ type }) => type)}`;

const spellingOf = ({ wasm, attrs }: Kernel): WasmSpelling | undefined =>
  wasm?.suits?.(attrs) === false ? undefined : wasm;

/** A kernel in WebAssembly or in plain loops, and what finishes its results in place. */
async function kernelRun(kernel: Kernel, finish: Program | null, place: Place): Promise<Compiled> {
  const { operands, parts } = kernel;
  const { compileWasm, compileWasmKernel } = await compilers();
  const wasm = spellingOf(kernel);
  const reference = referenceOf(kernel, finish);
  const finishing = finish && (await compileWasm(finish, place));
  const numOwn = reference.paramTypes.length;
  const spelled = wasm && (await compileWasmKernel(kernel, wasm, place));
  const result = operands.length + (finish?.buffers.findIndex(({ written }) => written) ?? 0);
  const run: Run = (buffers, params) => {
    const own = params
      .slice(0, numOwn)
      .map((param, which) => (reference.paramTypes[which] === "f32" ? Math.fround(param) : param));
    const finished = () => finishing?.run(buffers.slice(operands.length), params.slice(numOwn));
    if (spelled) {
      const further = buffers.slice(buffers.length - parts.length);
      const slots = [...buffers.slice(0, operands.length), buffers[result], ...further];
      const pending = spelled.run(slots, own);
      return pending ? pending.then(finished) : finished();
    }
    const views = buffers.map(
      ({ address, bytes }, slot) =>
        place.memory.stored(address, reference.dtypes[slot], bytes / 4) as HostArray,
    );
    reference.run(views, own);
    return finished();
  };
  return { run, bytes: (spelled?.bytes ?? 0) + (finishing?.bytes ?? 0) };
}
