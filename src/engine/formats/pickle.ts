/**
 * The part of Python's pickle format that data need. Nothing is ever called or imported: the few
 * names a file may mention are a table of functions given by the caller, and any other is refused.
 *
 * dict → Map, list → array, tuple → frozen array, int → number (bigint if not exact), None → null,
 * bytes → Uint8Array. Shared and cyclic references stay shared and cyclic.
 */
import { FormatError } from "../errors.ts";
import { shown } from "./json.ts";

/** What a file may mention, by "module name"; called with the arguments the file gives. */
export type PickleGlobals = ReadonlyMap<string, (args: readonly unknown[]) => unknown>;

export interface PickleOptions {
  globals: PickleGlobals;
  /** Resolve a reference to an object outside the pickle. */
  persistent?: (id: unknown) => unknown;
}

/** A name the file mentions, from the table of the caller. */
export class PickleGlobal {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

const maxSteps = 2 ** 22; // a checkpoint takes some ten thousand; bounds memory at about 1 GiB

/** The object that a pickle of protocol 2 to 5 describes; `name` is what errors call it. */
export function readPickle(bytes: Uint8Array, name: string, options: PickleOptions): unknown {
  const machine: PickleMachine = new PickleMachine(bytes, name, options);
  for (let step = 0; step < maxSteps; step++) {
    const opcode = machine.u8();
    if (opcode === stop) return machine.result();
    const run = opcodes[opcode];
    if (run === undefined) machine.fail(`expected an opcode of plain data, got ${hex(opcode)}`);
    run(machine);
  }
  return machine.fail(`expected at most ${maxSteps} steps`);
}

const stop = 0x2e;
const hex = (byte: number) => `0x${byte.toString(16).padStart(2, "0")}`;

/** A stack, a memo of earlier values, and a cursor in the file: all that opcodes act on. */
class PickleMachine {
  readonly options: PickleOptions;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #name: string;
  readonly #memo = new Map<number, unknown>();
  readonly #marks: number[] = []; // heights of the stack
  readonly #stack: unknown[] = [];
  #at = 0;

  constructor(bytes: Uint8Array, name: string, options: PickleOptions) {
    this.options = options;
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#name = name;
  }

  fail(message: string): never {
    throw new FormatError(`${this.#name} byte ${this.#at}: ${message}`);
  }

  #take(length: number): number {
    const left = this.#bytes.length - this.#at;
    if (length > left) this.fail(`expected ${length} more bytes, got ${left} (truncated?)`);
    this.#at += length;
    return this.#at - length;
  }

  u8 = (): number => this.#view.getUint8(this.#take(1));
  u16 = (): number => this.#view.getUint16(this.#take(2), true);
  u32 = (): number => this.#view.getUint32(this.#take(4), true);
  i32 = (): number => this.#view.getInt32(this.#take(4), true);
  u64 = (): number => Number(this.#view.getBigUint64(this.#take(8), true));
  f64 = (): number => this.#view.getFloat64(this.#take(8), false); // the one big-endian field

  bytes(length: number): Uint8Array {
    const start = this.#take(length);
    return this.#bytes.subarray(start, start + length);
  }

  text(length: number): string {
    const bytes = this.bytes(length);
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      return this.fail("expected UTF-8 text");
    }
  }

  line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#at);
    const text = this.text((end < 0 ? this.#bytes.length : end) - this.#at);
    this.#take(1); // the line break
    return text;
  }

  push(value: unknown): void {
    this.#stack.push(value);
  }

  /** Only down to the latest mark. */
  pop(): unknown {
    if (this.#stack.length <= (this.#marks.at(-1) ?? 0)) this.fail("expected a value on the stack");
    return this.#stack.pop();
  }

  peek(): unknown {
    const value = this.pop();
    this.push(value);
    return value;
  }

  mark(): void {
    this.#marks.push(this.#stack.length);
  }

  popToMark(): unknown[] {
    return this.#stack.splice(this.#marks.pop() ?? this.fail("expected a mark on the stack"));
  }

  remember(index: number = this.#memo.size): void {
    this.#memo.set(index, this.peek());
  }

  recall(index: number): void {
    if (!this.#memo.has(index)) this.fail(`expected a remembered value ${index}, got none`);
    this.push(this.#memo.get(index));
  }

  result(): unknown {
    const value = this.pop();
    if (this.#stack.length > 0) this.fail(`expected one object, got ${this.#stack.length + 1}`);
    return value;
  }
}

type Opcode = (m: PickleMachine) => void;

/** By code; names as in Python's pickletools. Each line is the whole meaning of an opcode. */
const opcodes: Partial<Record<number, Opcode>> = {
  128: (m) => checkProtocol(m, m.u8()), // PROTO
  149: (m) => void m.u64(), // FRAME: a hint for buffering
  40: (m) => m.mark(), // MARK

  78: (m) => m.push(null), // NONE
  136: (m) => m.push(true), // NEWTRUE
  137: (m) => m.push(false), // NEWFALSE
  75: (m) => m.push(m.u8()), // BININT1
  77: (m) => m.push(m.u16()), // BININT2
  74: (m) => m.push(m.i32()), // BININT
  138: (m) => m.push(integer(m.bytes(m.u8()))), // LONG1
  71: (m) => m.push(m.f64()), // BINFLOAT

  140: (m) => m.push(m.text(m.u8())), // SHORT_BINUNICODE
  88: (m) => m.push(m.text(m.u32())), // BINUNICODE
  141: (m) => m.push(m.text(m.u64())), // BINUNICODE8
  85: (m) => m.push(m.text(m.u8())), // SHORT_BINSTRING, Python 2
  84: (m) => m.push(m.text(m.u32())), // BINSTRING, Python 2
  67: (m) => m.push(m.bytes(m.u8())), // SHORT_BINBYTES
  66: (m) => m.push(m.bytes(m.u32())), // BINBYTES

  41: (m) => m.push(tuple([])), // EMPTY_TUPLE
  133: (m) => m.push(tuple([m.pop()])), // TUPLE1
  134: (m) => m.push(tuple([m.pop(), m.pop()].reverse())), // TUPLE2
  135: (m) => m.push(tuple([m.pop(), m.pop(), m.pop()].reverse())), // TUPLE3
  116: (m) => m.push(tuple(m.popToMark())), // TUPLE
  93: (m) => m.push([]), // EMPTY_LIST
  97: (m) => append(m, [m.pop()]), // APPEND
  101: (m) => append(m, m.popToMark()), // APPENDS
  125: (m) => m.push(new Map()), // EMPTY_DICT
  115: (m) => setItems(m, [m.pop(), m.pop()].reverse()), // SETITEM
  117: (m) => setItems(m, m.popToMark()), // SETITEMS

  113: (m) => m.remember(m.u8()), // BINPUT
  114: (m) => m.remember(m.u32()), // LONG_BINPUT
  148: (m) => m.remember(), // MEMOIZE
  104: (m) => m.recall(m.u8()), // BINGET
  106: (m) => m.recall(m.u32()), // LONG_BINGET

  99: (m) => pushGlobal(m, m.line(), m.line()), // GLOBAL
  147: (m) => pushGlobal(m, ...([m.pop(), m.pop()].reverse() as [unknown, unknown])), // STACK_GLOBAL
  82: (m) => reduce(m, m.pop(), m.pop()), // REDUCE
  81: (m) => m.push(persistentObject(m, m.pop())), // BINPERSID
  98: (m) => build(m, m.pop()), // BUILD
};

const tuple = (items: unknown[]) => Object.freeze(items);

function checkProtocol(m: PickleMachine, version: number): void {
  if (version < 2 || version > 5) m.fail(`expected pickle protocol 2 to 5, got ${version}`);
}

/** Two's complement of any length, lowest byte first. */
function integer(bytes: Uint8Array): number | bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!);
  value = BigInt.asIntN(8 * bytes.length, value);
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function append(m: PickleMachine, items: unknown[]): void {
  const list = m.peek();
  if (!Array.isArray(list) || Object.isFrozen(list)) m.fail("expected a list to append to");
  for (const item of items) list.push(item);
}

function setItems(m: PickleMachine, pairs: unknown[]): void {
  const dict = m.peek();
  if (!(dict instanceof Map)) m.fail("expected a dict to set items of");
  if (pairs.length % 2 !== 0) m.fail("expected pairs of key and value");
  for (let i = 0; i < pairs.length; i += 2) dict.set(pairs[i], pairs[i + 1]);
}

function pushGlobal(m: PickleMachine, module: unknown, name: unknown): void {
  if (typeof module !== "string" || typeof name !== "string") m.fail("expected names of a global");
  const full = `${module} ${name}`;
  if (!m.options.globals.has(full))
    m.fail(`expected plain data and tensors, got Python's ${shown(full)} (refused: not data)`);
  m.push(new PickleGlobal(full));
}

function reduce(m: PickleMachine, args: unknown, callee: unknown): void {
  if (!(callee instanceof PickleGlobal)) m.fail("expected a global to call");
  if (!Array.isArray(args)) m.fail("expected a tuple of arguments");
  m.push(m.options.globals.get(callee.name)!(args));
}

function persistentObject(m: PickleMachine, id: unknown): unknown {
  return m.options.persistent?.(id) ?? m.fail("expected no reference to an object elsewhere");
}

/** Attributes set on an object, such as an OrderedDict's; ours have none, so they are dropped. */
function build(m: PickleMachine, _attributes: unknown): void {
  if (!(m.peek() instanceof Map)) m.fail("expected attributes of a dict only");
}
