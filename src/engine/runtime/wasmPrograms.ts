/** Programs as instances of modules: compiled once, then run on a block of parameters. */
import { jsFunctionOf } from "../codegen/js.ts";
import { wasmKernel } from "../codegen/wasm/kernel.ts";
import { type WasmProgram, wasmProgram } from "../codegen/wasm/program.ts";
import { chooseVariant, type VariantName } from "../codegen/wasm/variants.ts";
import { axisNames, type Kernel, type WasmSpelling } from "../kernel.ts";
import type { Program } from "../program.ts";
import type { WasmBuffer, WasmMemory } from "./wasmMemory.ts";

export type Run = (buffers: readonly WasmBuffer[], params: readonly number[]) => void;

/** What runs, and the size of its modules. */
export interface Compiled {
  run: Run;
  bytes: number;
}

export async function compileWasm(program: Program, memory: WasmMemory): Promise<Compiled> {
  const made = wasmProgram(program, false);
  const js = Object.fromEntries(
    made.imports.map(({ name, op, type }) => [name, jsFunctionOf(op, type)]),
  );
  const env = { memory: memory.memory };
  const { instance } = await WebAssembly.instantiate(made.bytes, { env, js });
  const functions = instance.exports as Record<VariantName, (block: number) => void>;
  const run: Run = (buffers, params) => {
    const block = fillBlock(memory, program, buffers, params);
    functions[variantOf(made, program, params)](block);
  };
  return { run, bytes: made.bytes.length };
}

/** A kernel that is spelled in WebAssembly; its buffers: operands, result, further results. */
export async function compileWasmKernel(
  kernel: Kernel,
  spelling: WasmSpelling,
  memory: WasmMemory,
): Promise<Compiled> {
  const module = wasmKernel(kernel, spelling, false);
  const { instance } = await WebAssembly.instantiate(module, { env: { memory: memory.memory } });
  const call = instance.exports.run as (block: number) => void;
  const axes = axisNames(kernel);
  const numbers = kernel.numbers ?? [];
  const run: Run = (buffers, params) => {
    const names = [...axes, ...numbers];
    const dims = Object.fromEntries(names.map((name, which) => [name, params[which]]));
    const count = names.length + buffers.length + 3;
    const address = memory.scratch(4 * count + 64 + spelling.scratch(dims));
    const words = memory.view(address, "u32", count);
    words.set(axes.map((_, which) => params[which]));
    const floats = memory.view(address, "f32", names.length);
    floats.set(params.slice(axes.length, names.length), axes.length);
    const working = address + Math.ceil(count / 16) * 64;
    const rest = [...buffers.map((buffer) => buffer.address), working, 0, spelling.units(dims)];
    words.set(rest, names.length);
    call(address);
  };
  return { run, bytes: module.length };
}

function variantOf(
  { variants }: WasmProgram,
  { extents }: Program,
  params: readonly number[],
): VariantName {
  const innermost = extents.at(-1);
  return chooseVariant(variants, params, innermost === undefined ? 1 : params[innermost]);
}

/** Parameters, then addresses of buffers, then the range of each parallel loop. */
function fillBlock(
  memory: WasmMemory,
  { params: types, buffers: uses, extents }: Program,
  buffers: readonly WasmBuffer[],
  params: readonly number[],
): number {
  const count = types.length + uses.length + 2 * extents.length;
  const address = memory.scratch(4 * count);
  const words = memory.view(address, "u32", count);
  const floats = memory.view(address, "f32", types.length);
  for (const [which, { type }] of types.entries())
    if (type === "f32") floats[which] = params[which];
    else words[which] = params[which];
  for (const slot of uses.keys()) words[types.length + slot] = buffers[slot].address;
  for (const [axis, extent] of extents.entries()) {
    const at = types.length + uses.length + 2 * axis;
    words[at] = 0;
    words[at + 1] = params[extent];
  }
  return address;
}
