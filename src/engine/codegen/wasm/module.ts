/** Puts functions into a WebAssembly module, byte by byte. */
import {
  type Callable,
  type Code,
  encodeBody,
  type Local,
  typeByte,
  unsigned,
  vector,
} from "./code.ts";

/** A function of the module, which exports it under its name. */
export interface Definition extends Callable {
  readonly locals: readonly Local[];
  readonly body: Code;
}

export interface ModuleParts {
  /** Called by the module; looked for under `js`. */
  imports: readonly Callable[];
  functions: readonly Definition[];
  /** Whether the imported memory `env.memory` may be shared between threads. */
  isShared: boolean;
}

/** A function from its parameters to code; `results` stay on the stack at its end. */
export function define(
  name: string,
  locals: readonly Local[],
  body: Code,
  results: Callable["results"] = [],
): Definition {
  return { name, params: locals.map(({ type }) => type), results, locals, body };
}

export function assemble({ imports, functions, isShared }: ModuleParts): Uint8Array<ArrayBuffer> {
  const callables = [...imports, ...functions];
  const indexOf = (callee: Callable) => callables.indexOf(callee);
  const types = callables.map(({ params, results }) => [
    0x60,
    ...vector(params.map((type) => [typeByte(type)])),
    ...vector(results.map((type) => [typeByte(type)])),
  ]);
  const memory = [...text("env"), ...text("memory"), 0x02, ...memoryLimits(isShared)];
  const imported = imports.map(({ name }, which) => [
    ...text("js"),
    ...text(name),
    0x00,
    ...unsigned(which),
  ]);
  const exported = functions.map(({ name }, which) => [
    ...text(name),
    0x00,
    ...unsigned(imports.length + which),
  ]);
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00], // "\0asm", version 1
    ...section(1, types),
    ...section(2, [memory, ...imported]),
    ...section(
      3,
      functions.map((_, which) => unsigned(imports.length + which)),
    ),
    ...section(7, exported),
    ...section(
      10,
      functions.map(({ locals, body }) => encodeBody(locals, body, indexOf)),
    ),
  ]);
}

/** The most that 32-bit addresses reach, in pages of 64 KiB, less one: so the end has an address too. */
export const maxPages = 65535;

/** A shared memory must name its greatest size. */
const memoryLimits = (isShared: boolean): number[] =>
  isShared ? [0x03, 0, ...unsigned(maxPages)] : [0x00, 0];

function section(id: number, items: readonly (readonly number[])[]): number[] {
  const bytes = vector(items);
  return [id, ...unsigned(bytes.length), ...bytes];
}

const text = (name: string): number[] => {
  const bytes = new TextEncoder().encode(name);
  return [...unsigned(bytes.length), ...bytes];
};
