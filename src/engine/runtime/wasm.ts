/** The `wasm` backend: modules assembled from programs, over one linear memory. */
import { jsFunctionOf, jsSource } from "../codegen/js.ts";
import { wasmProgram } from "../codegen/wasm/program.ts";
import { chooseVariant, type Variant, type VariantName } from "../codegen/wasm/variants.ts";
import { hostArray } from "../dtype.ts";
import { env } from "../env.ts";
import { DeviceError } from "../errors.ts";
import type { Kernel } from "../kernel.ts";
import type { Program } from "../program.ts";
import type { Backend, Command, Executable } from "./backend.ts";
import { referenceOf } from "./reference.ts";
import { type WasmBuffer, WasmMemory } from "./wasmMemory.ts";

type Run = (buffers: readonly WasmBuffer[], params: readonly number[]) => void;

interface WasmExecutable extends Executable {
  run: Run;
}

/** Whether this engine has the vectors that modules are made of. */
export function hasWasm(): boolean {
  if (typeof WebAssembly === "undefined") return false;
  // () → v128: v128.const 0
  const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 5, 1, 0x60, 0, 1, 0x7b, 3, 2, 1, 0];
  const body = [10, 22, 1, 20, 0, 0xfd, 12, ...new Array(16).fill(0), 0x0b];
  return WebAssembly.validate(new Uint8Array([...header, ...body]));
}

export function wasmBackend(): Backend {
  const memory = new WasmMemory({ isShared: false });
  const compiled = new Map<string, Promise<WasmExecutable>>();
  const cached = (key: string, make: () => Promise<WasmExecutable>) => {
    const executable = compiled.get(key) ?? make();
    compiled.set(key, executable);
    return executable;
  };
  const compile = (program: Program) => compileProgram(program, memory);

  return {
    name: "wasm",
    description: "WebAssembly with vectors of four, one thread",
    precision: "f32",
    limits: { inputs: 64, bufferBytes: 2 ** 31 },
    lanes: () => 0,
    createBuffer: (bytes) => memory.take(bytes),
    slice: (buffer, start, bytes): WasmBuffer => ({
      bytes,
      address: (buffer as WasmBuffer).address + start,
    }),
    destroyBuffer: (buffer) => memory.give(buffer as WasmBuffer),
    upload(buffer, data, dtype) {
      memory.view((buffer as WasmBuffer).address, dtype, data.length).set(data);
    },
    read(buffer, dtype, count) {
      const data = hostArray(dtype, count);
      data.set(memory.view((buffer as WasmBuffer).address, dtype, count));
      return Promise.resolve(data);
    },

    compileProgram: (program, label) => {
      const source = jsSource(program);
      return cached(`${signatureOf(program)}\n${source}`, async () => {
        const started = performance.now();
        const { run, size } = await compile(program);
        const ms = (performance.now() - started).toFixed(1);
        const header = `// WebAssembly, ${size} bytes, compiled in ${ms} ms; in JavaScript:`;
        if (env.debug() >= 4) console.error(`${label}\n${header}\n${source}`);
        return { label, source: `${header}\n${source}`, run };
      });
    },

    compileKernel: (kernel, finish) => {
      const source = finish ? jsSource(finish) : "";
      const key = `${kernel.name} ${JSON.stringify(kernel.attrs)} ${finish && signatureOf(finish)}\n${source}`;
      return cached(key, async () => {
        const finishing = finish && (await compile(finish)).run;
        return {
          label: kernel.name,
          source: `${kernel.reference}${source ? `\n// then\n${source}` : ""}`,
          run: kernelRun(kernel, finish, finishing, memory),
        };
      });
    },

    get pipelines() {
      return compiled.size;
    },

    run(commands: readonly Command[]) {
      for (const { executable, buffers, params } of commands)
        try {
          (executable as WasmExecutable).run(buffers as readonly WasmBuffer[], params);
        } catch (error) {
          if (!(error instanceof WebAssembly.RuntimeError)) throw error;
          throw new DeviceError(
            `wasm(${executable.label}): expected indices within their tensors, got ${error.message}`,
          );
        }
    },

    check: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}

const signatureOf = ({ buffers, params }: Program): string =>
  `${buffers.map(({ dtype }) => dtype)} ${params.map(({ type }) => type)}`;

async function compileProgram(
  program: Program,
  memory: WasmMemory,
): Promise<{ run: Run; size: number }> {
  const { bytes, variants, imports } = wasmProgram(program, false);
  const js = Object.fromEntries(
    imports.map(({ name, op, type }) => [name, jsFunctionOf(op, type)]),
  );
  const { instance } = await WebAssembly.instantiate(bytes, {
    env: { memory: memory.memory },
    js,
  });
  const functions = instance.exports as Record<VariantName, (block: number) => void>;
  const numWords = program.params.length + program.buffers.length + 2 * program.extents.length;
  const block = memory.take(4 * numWords);
  const run: Run = (buffers, params) => {
    fillBlock(memory, block, program, buffers, params);
    functions[variantFor(variants, program, params)](block.address);
  };
  return { run, size: bytes.length };
}

function variantFor(
  variants: readonly Variant[],
  { extents }: Program,
  params: readonly number[],
): VariantName {
  const innermost = extents.at(-1);
  return chooseVariant(variants, params, innermost === undefined ? 1 : params[innermost]);
}

/** Parameters, then addresses of buffers, then the range of each parallel loop. */
function fillBlock(
  memory: WasmMemory,
  { address }: WasmBuffer,
  { params: types, buffers: uses, extents }: Program,
  buffers: readonly WasmBuffer[],
  params: readonly number[],
): void {
  const count = types.length + uses.length + 2 * extents.length;
  const words = memory.words(address, count);
  const floats = memory.floats(address, types.length);
  for (const [which, { type }] of types.entries())
    if (type === "f32") floats[which] = params[which];
    else words[which] = params[which];
  for (const slot of uses.keys()) words[types.length + slot] = buffers[slot].address;
  for (const [axis, extent] of extents.entries()) {
    const at = types.length + uses.length + 2 * axis;
    words[at] = 0;
    words[at + 1] = params[extent];
  }
}

/** A kernel's plain loops, on views of the memory, and what finishes its results in place. */
function kernelRun(
  kernel: Kernel,
  finish: Program | null,
  finishing: Run | null,
  memory: WasmMemory,
): Run {
  const { run, dtypes, paramTypes } = referenceOf(kernel, finish);
  return (buffers, params) => {
    const own = paramTypes.map((type, which) =>
      type === "f32" ? Math.fround(params[which]) : params[which],
    );
    run(
      buffers.map(({ address, bytes }, slot) => memory.view(address, dtypes[slot], bytes / 4)),
      own,
    );
    finishing?.(buffers.slice(kernel.operands.length), params.slice(own.length));
  };
}
