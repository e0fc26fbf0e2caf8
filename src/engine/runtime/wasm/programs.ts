/** Programs and kernels as instances of modules: compiled once, then run on a block of parameters. */
import { jsFunctionOf } from "../../codegen/js.ts";
import { wasmKernel } from "../../codegen/wasm/kernel.ts";
import { wasmProgram } from "../../codegen/wasm/program.ts";
import { chooseVariant } from "../../codegen/wasm/variants.ts";
import { workOf } from "../../codegen/wasm/work.ts";
import { axisNames, type Kernel, type WasmSpelling } from "../../kernel.ts";
import type { Program } from "../../program.ts";
import { chunkOf, chunkOfLoops } from "./chunks.ts";
import type { WasmBuffer, WasmMemory } from "./memory.ts";
import type { Entry, Pending, SharedModule, Threads } from "./threads.ts";

export type Run = (buffers: readonly WasmBuffer[], params: readonly number[]) => Pending;

/** What runs, and the size of its modules. */
export interface Compiled {
  run: Run;
  bytes: number;
}

/** Where modules run. */
export interface Place {
  memory: WasmMemory;
  threads: Threads;
  /** Whether kernels may multiply and add in one rounding. */
  isRelaxed: boolean;
}

export async function compileWasm(program: Program, place: Place): Promise<Compiled> {
  const { variants, imports, bytes } = wasmProgram(program, place.threads.count > 1);
  const js = Object.fromEntries(
    imports.map(({ name, op, type }) => [name, jsFunctionOf(op, type)]),
  );
  const module = await instantiate(bytes, place, js);
  const names = variants.map(({ name }) => name);
  const work = workOf(program);
  const { extents } = program;
  const run: Run = (buffers, params) => {
    const block = fillBlock(place.memory, program, buffers, params);
    const sizes = extents.map((which) => params[which]);
    const entry = names.indexOf(chooseVariant(variants, params, sizes.at(-1) ?? 1));
    const { axis, length } = chunkOfLoops(sizes, work(params), place.threads.count);
    const extent = sizes[axis] ?? 1;
    return place.threads.run({ module, entry, block, first: axis, step: 0, extent, length });
  };
  return { run, bytes: bytes.length };
}

/** A kernel that is spelled in WebAssembly; its buffers: operands, result, further results. */
export async function compileWasmKernel(
  kernel: Kernel,
  spelling: WasmSpelling,
  place: Place,
): Promise<Compiled> {
  const { memory, threads, isRelaxed } = place;
  const bytes = wasmKernel(kernel, spelling, { isShared: threads.count > 1, isRelaxed });
  const module = await instantiate(bytes, place, {});
  const axes = axisNames(kernel);
  const names = [...axes, ...(kernel.numbers ?? [])];
  const run: Run = (buffers, params) => {
    const dims = Object.fromEntries(names.map((name, which) => [name, params[which]]));
    const extent = spelling.units(dims);
    const work = spelling.work(dims, kernel.attrs);
    const length = chunkOf(extent, work, spelling.grain?.(dims) ?? 1, threads.count);
    const count = names.length + buffers.length;
    const step = lines(spelling.scratch(dims, kernel.attrs));
    const numScratch = length < extent ? threads.count : 1;
    const block = memory.scratch(lines(4 * count) + step * numScratch);
    const words = memory.view(block, "u32", count);
    words.set(axes.map((_, which) => params[which]));
    const floats = memory.view(block, "f32", names.length);
    floats.set(params.slice(axes.length, names.length), axes.length);
    words.set(
      buffers.map(({ address }) => address),
      names.length,
    );
    const first = block + lines(4 * count);
    return threads.run({ module, entry: 0, block, first, step, extent, length });
  };
  return { run, bytes: bytes.length };
}

/** Bytes, in whole cache lines. */
const lines = (bytes: number): number => 64 * Math.ceil(bytes / 64);

async function instantiate(
  bytes: BufferSource,
  { memory, threads }: Place,
  js: Record<string, (...args: number[]) => number>,
): Promise<SharedModule> {
  const env = { memory: memory.memory };
  const { module, instance } = await WebAssembly.instantiate(bytes, { env, js });
  const canShare = threads.count > 1 && Object.keys(js).length === 0;
  const entries = Object.values(instance.exports) as Entry[];
  return { module: canShare ? module : null, entries };
}

/** Parameters, then addresses of buffers. */
function fillBlock(
  memory: WasmMemory,
  { params: types, buffers: uses }: Program,
  buffers: readonly WasmBuffer[],
  params: readonly number[],
): number {
  const count = types.length + uses.length;
  const address = memory.scratch(4 * count);
  const words = memory.view(address, "u32", count);
  const floats = memory.view(address, "f32", types.length);
  for (const [which, { type }] of types.entries())
    if (type === "f32" || type === "f16") floats[which] = params[which];
    else words[which] = params[which];
  for (const slot of uses.keys()) words[types.length + slot] = buffers[slot].address;
  return address;
}
