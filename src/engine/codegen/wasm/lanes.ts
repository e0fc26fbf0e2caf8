/**
 * What a value of a program is in code that computes several elements at once. Neighboring elements
 * are the lanes of v128 vectors; `vectors` of them make one round of a loop.
 */
import type { ValueType } from "../../program.ts";
import { type Code, type Local, local, set } from "./code.ts";
import { f32x4, i32, i32x4, v128 } from "./instructions.ts";

export type Lanes =
  /** One whole number for all lanes, as i32; `literal` if it is known now. */
  | { kind: "number"; code: Code; literal?: number }
  /** A whole number that grows by `stride` from lane to lane. */
  | { kind: "steps"; base: Code; stride: Code; isUnit: boolean }
  /** One value for all lanes, already in each of them. */
  | { kind: "same"; vector: Code }
  /** Any values. */
  | { kind: "each"; vectors: readonly Local[] };

export const isUniform = ({ kind }: Lanes): boolean => kind === "number" || kind === "same";

const laneNumbers = v128.const([0, 1, 2, 3]);

/** Vector number `which` of a value. */
export function vectorOf(value: Lanes, which: number): Code {
  switch (value.kind) {
    case "number":
      return value.literal === undefined ? i32x4.splat(value.code) : i32x4.const(value.literal);
    case "same":
      return value.vector;
    case "each":
      return value.vectors[which];
    case "steps": {
      const first = i32x4.splat(
        which === 0 ? value.base : i32.add(value.base, times(value.stride, 4 * which)),
      );
      const steps = value.isUnit ? laneNumbers : i32x4.mul(laneNumbers, i32x4.splat(value.stride));
      return i32x4.add(first, steps);
    }
  }
}

/** A uniform whole number as i32. */
export function numberOf(value: Lanes): Code {
  if (value.kind === "number") return value.code;
  if (value.kind === "same") return i32x4.extractLane(value.vector, 0);
  throw new Error(`wasm: expected one number for all lanes, got ${value.kind}`);
}

export const times = (x: Code, factor: number): Code => i32.mul(x, i32.const(factor));

export const literalOf = (number: number, type: ValueType): Lanes => {
  if (type === "f32" || type === "f16") return { kind: "same", vector: f32x4.const(number) };
  if (type === "bool") return { kind: "same", vector: i32x4.const(number ? 0xffffffff : 0) };
  return { kind: "number", code: i32.const(number), literal: number };
};

/** i32 arithmetic of addresses and indices, unsigned. Dividing by 0 must not trap. */
const integer: Readonly<Record<string, (...args: Code[]) => Code>> = {
  add: i32.add,
  sub: i32.sub,
  mul: i32.mul,
  div: (x, y) => i32.divU(x, i32.or(y, i32.eqz(y))),
  mod: (x, y) => i32.remU(x, i32.or(y, i32.eqz(y))),
};

/**
 * An index computed from others without vectors: one number, or steps. Undefined where lanes go
 * their own ways. `keep` receives assignments that must come first.
 */
export function indexArithmetic(
  op: string,
  args: readonly Lanes[],
  keep: (assignment: Code) => void,
): Lanes | undefined {
  const hold = (code: Code): Code => {
    const to = local("i32");
    keep(set(to, code));
    return to;
  };
  const [x, y] = args;
  if (args.every(isUniform)) {
    if (op === "select") {
      const [c, a, b] = [i32x4.extractLane(vectorOf(x, 0), 0), numberOf(y), numberOf(args[2])];
      return { kind: "number", code: hold(i32.select(c, a, b)) };
    }
    const apply = integer[op];
    return apply && { kind: "number", code: hold(apply(numberOf(x), numberOf(y))) };
  }
  const isLinear = args.length === 2 && args.every((arg) => arg.kind === "steps" || isUniform(arg));
  if (!isLinear) return undefined;
  const base = (arg: Lanes): Code => (arg.kind === "steps" ? arg.base : numberOf(arg));
  const stride = (arg: Lanes): Code => (arg.kind === "steps" ? arg.stride : i32.const(0));
  if (op === "add" || op === "sub") {
    const moves = [x, y].filter((arg) => arg.kind === "steps");
    const isUnit = moves.length === 1 && (op === "add" || moves[0] === x) && moves[0].isUnit;
    const both =
      moves.length === 1 && op === "add"
        ? moves[0].stride
        : hold(integer[op](stride(x), stride(y)));
    return { kind: "steps", base: hold(integer[op](base(x), base(y))), stride: both, isUnit };
  }
  if (op !== "mul" || (x.kind === "steps" && y.kind === "steps")) return undefined;
  const [moving, factor] = x.kind === "steps" ? [x, y] : [y as typeof x & { kind: "steps" }, x];
  const by = numberOf(factor);
  const isOne = factor.kind === "number" && factor.literal === 1;
  return {
    kind: "steps",
    base: hold(i32.mul(moving.base, by)),
    stride: moving.isUnit ? by : hold(i32.mul(moving.stride, by)),
    isUnit: moving.isUnit && isOne,
  };
}
