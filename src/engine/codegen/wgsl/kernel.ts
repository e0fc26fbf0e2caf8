/** Hand-written kernels as WGSL compute shaders. */
import type { DType } from "../../dtype.ts";
import { axisNames, type Kernel } from "../../kernel.ts";
import type { Program } from "../../program.ts";
import { storedName, wgslModule } from "./module.ts";
import { programBody, programBuffer, programParam } from "./program.ts";

/** A hand-written kernel; `finish` takes each result on its way to memory. */
export function wgslKernel(kernel: Kernel, finish: Program | null, workgroupSize: number): string {
  const { attrs } = kernel;
  const body = typeof kernel.wgsl === "function" ? kernel.wgsl(attrs) : kernel.wgsl;
  const { params, inputs, outputs } = kernelFrame(kernel, finish);
  const functions = storeFunctions(kernel, finish, body);
  return wgslModule({ params, buffers: [...inputs, ...outputs], workgroupSize, functions, body });
}

/** What a kernel's programs have in common: parameters, and the buffers read and written. */
export function kernelFrame(
  { operands, result, parts, ...kernel }: Kernel,
  finish: Program | null,
) {
  const named = ({ name, dtype }: { name: string; dtype: DType }, written: boolean) => ({
    name,
    type: storedName(dtype),
    written,
  });
  const y = { name: "y", dtype: result.dtype };
  return {
    params: [
      ...axisNames({ operands, result, parts, ...kernel }).map((name) => ({ name, type: "u32" })),
      ...(kernel.numbers ?? []).map((name) => ({ name, type: "f32" })),
      ...(finish?.params.map(programParam) ?? []),
    ],
    inputs: operands.map((operand) => named(operand, false)),
    outputs: [
      ...(finish?.buffers.map(programBuffer) ?? [named(y, true)]),
      ...parts.map((part) => named(part, true)),
    ],
  };
}

/** The functions that leave the results of a kernel, as far as `body` calls them. */
export function storeFunctions(kernel: Kernel, finish: Program | null, body: string): string {
  const { result, parts } = kernel;
  const store = finish ? programBody(finish) : `  y[i] = ${stored(result.dtype)};\n`;
  return [
    storeFunction("store", result.dtype, store),
    ...parts.map(({ name, dtype }) =>
      storeFunction(storeName(name), dtype, `  ${name}[i] = ${stored(dtype)};\n`),
    ),
  ]
    .filter(({ name }) => body.includes(`${name}(`))
    .map(({ code }) => code)
    .join("\n");
}

/** What a body calls to store into a further result. */
export const storeName = (part: string): string => `store${part[0].toUpperCase()}${part.slice(1)}`;

/** What a kernel's body calls to leave a result. */
export const storeFunction = (name: string, dtype: DType, statements: string) => ({
  name,
  code: `fn ${name}(i: u32, value: ${dtype}) {\n${statements}}`,
});

/** The value that `store` was given, as it lies in memory. */
const stored = (dtype: DType): string => (dtype === "bool" ? "select(0u, 1u, value)" : "value");
