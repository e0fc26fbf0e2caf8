/** How ops are spelled on vectors: from their rows, or by calling JavaScript lane by lane. */
import { elementwise } from "../../ops/elementwise.ts";
import type { ValueType } from "../../program.ts";
import { type Callable, type Code, call, shared, type WasmType } from "./code.ts";
import { float16Patterns, float16Values } from "./float16.ts";
import { f32x4, f64, i32, i32x4, v128 } from "./instructions.ts";

/** A function of numbers that a module imports: the JavaScript spelling of an op. */
export interface JsOp extends Callable {
  readonly op: string;
  readonly type: ValueType;
}

type Kind = "f32" | "i32" | "u32" | "bool";
const kindOf = (type: ValueType): Kind => {
  if (type === "f16") return "f32"; // as which it is computed with
  return type === "index" ? "u32" : type;
};

/** The op on vectors of operands of `type`. Without a spelling of its own, `imported` finds a function. */
export function spell(
  op: string,
  type: ValueType,
  args: readonly Code[],
  imported: (op: string, type: ValueType) => JsOp,
): Code {
  const own = elementwise[op].wasm?.[kindOf(type)];
  return own
    ? own(...args)
    : byLanes(
        imported(op, type),
        kindOf(type),
        args.map((arg) => shared(arg)),
      );
}

export const jsOp = (op: string, type: ValueType): JsOp => ({
  name: `${op} ${type}`,
  op,
  type,
  params: operandsOf(op, kindOf(type)).map((): WasmType => "f64"),
  results: ["f64"],
});

/** Kinds of the operands: `select` begins with a condition. */
const operandsOf = (op: string, kind: Kind): Kind[] => {
  if (op === "select") return ["bool", kind, kind];
  return new Array(elementwise[op].js.length).fill(kind);
};

function byLanes(callee: JsOp, kind: Kind, args: readonly Code[]): Code {
  const kinds = operandsOf(callee.op, kind);
  const result = (elementwise[callee.op].gives as Kind | undefined) ?? kind;
  const lane = (which: number): Code =>
    call(callee, ...args.map((arg, a) => toNumber(kinds[a], arg, which)));
  return [0, 1, 2, 3].reduce(
    (x: Code, which) => fromNumber(result, x, which, lane(which)),
    i32x4.const(0),
  );
}

function toNumber(kind: Kind, x: Code, lane: number): Code {
  if (kind === "f32") return f64.fromF32(f32x4.extractLane(x, lane));
  const word = i32x4.extractLane(x, lane);
  return kind === "i32"
    ? f64.fromI32(word)
    : f64.fromU32(kind === "bool" ? i32.and(word, i32.const(1)) : word);
}

function fromNumber(kind: Kind, x: Code, lane: number, number: Code): Code {
  if (kind === "f32") return f32x4.replaceLane(x, lane, f64.toF32(number));
  if (kind === "i32") return i32x4.replaceLane(x, lane, f64.toI32(number));
  const word = f64.toU32(number);
  return i32x4.replaceLane(x, lane, kind === "bool" ? i32.sub(i32.const(0), word) : word);
}

/** To the nearest value that f16 has. */
const rounded = (x: Code): Code => float16Values(float16Patterns(x));

export function cast(x: Code, from: ValueType, to: ValueType): Code {
  if (to === "f16") return from === to ? x : rounded(cast(x, from, "f32"));
  const [source, target] = [kindOf(from), kindOf(to)];
  if (source === target) return x;
  if (target === "bool")
    return source === "f32" ? f32x4.ne(x, f32x4.const(0)) : i32x4.ne(x, i32x4.const(0));
  if (source === "bool") return v128.and(x, target === "f32" ? f32x4.const(1) : i32x4.const(1));
  if (target === "f32") return source === "i32" ? f32x4.fromI32(x) : f32x4.fromU32(x);
  if (source === "f32") return target === "i32" ? i32x4.truncF32(x) : i32x4.truncF32U(x);
  return x;
}
