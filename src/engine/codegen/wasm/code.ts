/**
 * WebAssembly code as values: nested lists of bytes, with locals and calls that get their numbers
 * only when a function is encoded. So a piece of code can be written without knowing its function.
 */

export type WasmType = "i32" | "i64" | "f32" | "f64" | "v128";

/** A variable of the function it appears in; as code, its value. */
export class Local {
  readonly type: WasmType;

  constructor(type: WasmType) {
    this.type = type;
  }
}

/** Assigns the value on top of the stack, and leaves it there if `keep`. */
class Assign {
  readonly local: Local;
  readonly keep: boolean;

  constructor(local: Local, keep: boolean) {
    this.local = local;
    this.keep = keep;
  }
}

/** A value that is used several times: computed where it stands first, which must be before the others. */
class Shared {
  readonly local: Local;
  readonly value: Code;

  constructor(type: WasmType, value: Code) {
    this.local = new Local(type);
    this.value = value;
  }
}

/** A function that can be called: one of the module, or an imported one. */
export interface Callable {
  readonly name: string;
  readonly params: readonly WasmType[];
  readonly results: readonly WasmType[];
}

class Call {
  readonly callee: Callable;

  constructor(callee: Callable) {
    this.callee = callee;
  }
}

export type Code = number | Local | Assign | Shared | Call | readonly Code[];

export const local = (type: WasmType): Local => new Local(type);
export const set = (to: Local, value: Code): Code => [value, new Assign(to, false)];
/** Assigns, and is the value. */
export const tee = (to: Local, value: Code): Code => [value, new Assign(to, true)];
export const call = (callee: Callable, ...args: readonly Code[]): Code => [args, new Call(callee)];
/** A v128 (or other) value to use more than once in straight code. */
export const shared = (value: Code, type: WasmType = "v128"): Code => new Shared(type, value);

/** Unsigned LEB128: seven bits a byte, lowest first. */
export function unsigned(value: number): number[] {
  const bytes: number[] = [];
  do {
    const rest = Math.floor(value / 128);
    bytes.push((value % 128) + (rest > 0 ? 128 : 0));
    value = rest;
  } while (value > 0);
  return bytes;
}

/** Signed LEB128 of a 32-bit number. */
export function signed(value: number): number[] {
  const bytes: number[] = [];
  value |= 0;
  for (;;) {
    const low = value & 0x7f;
    value >>= 7;
    const isLast = value === ((low & 0x40) === 0 ? 0 : -1);
    bytes.push(isLast ? low : low | 0x80);
    if (isLast) return bytes;
  }
}

const typeBytes = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b } as const;
export const typeByte = (type: WasmType): number => typeBytes[type];

/** The body of a function as the code section wants it: its size, its locals, its instructions. */
export function encodeBody(
  params: readonly Local[],
  body: Code,
  indexOf: (callee: Callable) => number,
): number[] {
  const numbers = new Map(params.map((param, which) => [param, which]));
  const started = new Set<Shared>();
  const bytes: number[] = [];
  const locals: WasmType[] = [];
  const numberOf = (variable: Local): number[] => {
    if (!numbers.has(variable)) {
      numbers.set(variable, numbers.size);
      locals.push(variable.type);
    }
    return unsigned(numbers.get(variable) as number);
  };
  const emit = (code: Code): void => {
    if (typeof code === "number") bytes.push(code);
    else if (code instanceof Local) bytes.push(0x20, ...numberOf(code));
    else if (code instanceof Assign) bytes.push(code.keep ? 0x22 : 0x21, ...numberOf(code.local));
    else if (code instanceof Call) bytes.push(0x10, ...unsigned(indexOf(code.callee)));
    else if (code instanceof Shared) emit(firstOrLater(code));
    else for (const part of code) emit(part);
  };
  const firstOrLater = (code: Shared): Code => {
    if (started.has(code)) return code.local;
    started.add(code);
    return tee(code.local, code.value);
  };
  emit(body);
  const all = [...vector(locals.map((type) => [1, typeByte(type)])), ...bytes, 0x0b];
  return [...unsigned(all.length), ...all];
}

/** A count, then the items. */
export const vector = (items: readonly (readonly number[])[]): number[] => [
  ...unsigned(items.length),
  ...items.flat(),
];
