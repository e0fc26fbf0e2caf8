/**
 * Elementwise ops, one row each: all that tensors, code generators and tests need to know.
 *
 * `js` and `wgsl` spell the op on operands that are names of variables. A spelling may call the
 * helpers of `codegen/math.ts` (`m.erf(x)` in JavaScript) and `codegen/wgsl/math.ts` (`tgErf(x)` in WGSL).
 *
 * One long file on purpose: it is a table, and a reader looks up one row of it.
 */
import type { Code } from "../codegen/wasm/code.ts";
import { f32x4, i32x4, v128 } from "../codegen/wasm/instructions.ts";
import * as wasm from "../codegen/wasm/math.ts";
import type { DType } from "../dtype.ts";
import type { Tensor } from "../tensor.ts";

type Spelling = (...operands: string[]) => string;
type WasmSpelling = (...operands: Code[]) => Code;

export interface ElementwiseOp {
  js: Spelling;
  wgsl: Spelling;
  /** Spellings for i32 and u32 where they differ; JavaScript wraps the result to 32 bits. */
  integer?: { js?: Spelling; wgsl?: Spelling };
  /** On vectors of four lanes, by dtype; operands are cheap to repeat. Absent: calls `js`, lane by lane. */
  wasm?: Readonly<Partial<Record<DType, WasmSpelling>>>;
  /** Operand dtypes; all operands of one op agree (`select` looks at its last two). */
  takes: readonly DType[];
  /** dtype of the result; that of the operands when absent. */
  gives?: DType;
  /** Where tests sample the operands. */
  domain: readonly [low: number, high: number];
  /** Error of the WGSL spelling over `domain`, relative to max(1, |y|); tests allow this much. */
  error?: number;
  /** Error of the WGSL spelling in units in the last place, for an operand of up to this size. */
  ulps?: (size: number) => number;
}

/** Where a derivative is null, or a rule is missing, no gradient flows. */
export interface UnaryOp extends ElementwiseOp {
  grad?: (dy: Tensor, x: Tensor, y: Tensor) => Tensor; // dL/dx
}
export interface BinaryOp extends ElementwiseOp {
  grad?: (dy: Tensor, a: Tensor, b: Tensor, y: Tensor) => [Tensor, Tensor]; // dL/da, dL/db
}
export interface TernaryOp extends ElementwiseOp {
  grad?: (dy: Tensor, c: Tensor, a: Tensor, b: Tensor) => [null, Tensor, Tensor];
}

/** Keeps a quotient finite where its divisor vanishes; far below every number that matters. */
const tiny = 1e-37;

const float = ["f32"] as const;
const number = ["f32", "i32", "u32"] as const;
const signed = ["f32", "i32"] as const;
const logical = ["bool"] as const;
const all = ["f32", "i32", "u32", "bool"] as const;

export type UnaryName =
  | "neg"
  | "abs"
  | "sign"
  | "floor"
  | "square"
  | "reciprocal"
  | "sqrt"
  | "rsqrt"
  | "exp"
  | "log"
  | "log1p"
  | "expm1"
  | "sin"
  | "cos"
  | "tanh"
  | "erf"
  | "sigmoid"
  | "relu"
  | "softplus"
  | "orderedBits"
  | "not";

export const unary: Readonly<Record<UnaryName, UnaryOp>> = {
  neg: {
    js: (x) => `-${x}`,
    wgsl: (x) => `-${x}`,
    wasm: { f32: f32x4.neg, i32: i32x4.neg },
    takes: signed,
    domain: [-9, 9],
    grad: (dy) => dy.neg(),
  },
  abs: {
    js: (x) => `Math.abs(${x})`,
    wgsl: (x) => `abs(${x})`,
    wasm: { f32: f32x4.abs, i32: i32x4.abs },
    takes: signed,
    domain: [-9, 9],
    grad: (dy, x) => dy.mul(x.sign()),
  },
  sign: {
    js: (x) => `Math.sign(${x})`,
    wgsl: (x) => `tgKeepNan(${x}, sign(${x}))`,
    integer: { wgsl: (x) => `sign(${x})` },
    wasm: { f32: wasm.sign, i32: wasm.signOfInteger },
    takes: signed,
    domain: [-9, 9],
  },
  floor: {
    js: (x) => `Math.floor(${x})`,
    wgsl: (x) => `floor(${x})`,
    wasm: { f32: f32x4.floor },
    takes: float,
    domain: [-9, 9],
  },
  square: {
    js: (x) => `${x} * ${x}`,
    wgsl: (x) => `${x} * ${x}`,
    wasm: { f32: (x) => f32x4.mul(x, x) },
    takes: float,
    domain: [-9, 9],
    grad: (dy, x) => dy.mul(x).mul(2),
  },
  reciprocal: {
    js: (x) => `1 / ${x}`,
    wgsl: (x) => `1.0 / ${x}`,
    wasm: { f32: (x) => f32x4.div(f32x4.const(1), x) },
    takes: float,
    domain: [0.1, 9],
    grad: (dy, _x, y) => dy.mul(y.square()).neg(),
  },
  sqrt: {
    js: (x) => `Math.sqrt(${x})`,
    wgsl: (x) => `sqrt(${x})`,
    wasm: { f32: f32x4.sqrt },
    takes: float,
    domain: [0, 9],
    grad: (dy, x, y) => dy.mul(0.5).mul(y.div(x.maximum(tiny))),
  },
  rsqrt: {
    js: (x) => `1 / Math.sqrt(${x})`,
    wgsl: (x) => `inverseSqrt(${x})`,
    wasm: { f32: (x) => f32x4.div(f32x4.const(1), f32x4.sqrt(x)) },
    takes: float,
    domain: [0.1, 9],
    grad: (dy, _x, y) => dy.mul(-0.5).mul(y.mul(y.square())),
  },
  exp: {
    js: (x) => `Math.exp(${x})`,
    wgsl: (x) => `tgExp(${x})`,
    wasm: { f32: wasm.exp },
    takes: float,
    domain: [-20, 20],
    error: 1e-5,
    ulps: (size) => 3 + 2 * size, // what WGSL allows
    grad: (dy, _x, y) => dy.mul(y),
  },
  log: {
    js: (x) => `Math.log(${x})`,
    wgsl: (x) => `tgLog(${x})`,
    wasm: { f32: wasm.log },
    takes: float,
    domain: [1e-3, 99],
    grad: (dy, x) => dy.div(x.maximum(tiny)),
  },
  log1p: {
    js: (x) => `Math.log1p(${x})`,
    wgsl: (x) => `tgLog1p(${x})`,
    wasm: { f32: wasm.log1p },
    takes: float,
    domain: [-0.9, 9],
    grad: (dy, x) => dy.div(x.add(1).maximum(tiny)),
  },
  expm1: {
    js: (x) => `Math.expm1(${x})`,
    wgsl: (x) => `tgExpm1(${x})`,
    wasm: { f32: wasm.expm1 },
    takes: float,
    domain: [-9, 9],
    error: 1e-5,
    grad: (dy, _x, y) => dy.mul(y.add(1)),
  },
  sin: {
    js: (x) => `Math.sin(${x})`,
    wgsl: (x) => `tgSin(${x})`,
    wasm: { f32: wasm.sin },
    error: 2e-6,
    takes: float,
    domain: [-99, 99],
    grad: (dy, x) => dy.mul(x.cos()),
  },
  cos: {
    js: (x) => `Math.cos(${x})`,
    wgsl: (x) => `tgCos(${x})`,
    wasm: { f32: wasm.cos },
    error: 2e-6,
    takes: float,
    domain: [-99, 99],
    grad: (dy, x) => dy.mul(x.sin()).neg(),
  },
  tanh: {
    js: (x) => `Math.tanh(${x})`,
    wgsl: (x) => `tgTanh(${x})`,
    wasm: { f32: wasm.tanh },
    takes: float,
    domain: [-99, 99],
    grad: (dy, _x, y) => dy.mul(y.square().neg().add(1)),
  },
  erf: {
    js: (x) => `m.erf(${x})`,
    wgsl: (x) => `tgErf(${x})`,
    wasm: { f32: wasm.erf },
    takes: float,
    domain: [-9, 9],
    grad: (dy, x) => dy.mul(x.square().neg().exp()).mul(2 / Math.sqrt(Math.PI)),
  },
  // 1 / (1 + e⁻ˣ); e⁻ˣ may overflow to ∞ in neither spelling
  sigmoid: {
    js: (x) => `1 / (1 + Math.exp(-${x}))`,
    wgsl: (x) => `1.0 / (1.0 + tgExp(-tgMax(${x}, -80.0)))`,
    wasm: { f32: wasm.sigmoid },
    ulps: (size) => 8 + 2 * size, // those of exp, a sum and a quotient
    takes: float,
    domain: [-99, 99],
    grad: (dy, _x, y) => dy.mul(y.mul(y.neg().add(1))),
  },
  relu: {
    js: (x) => `Math.max(${x}, 0)`,
    wgsl: (x) => `tgMax(${x}, 0.0)`,
    wasm: { f32: (x) => f32x4.pmax(x, f32x4.const(0)) },
    takes: float,
    domain: [-9, 9],
    grad: (dy, _x, y) => y.greater(0).select(dy, 0), // by y, so that x need not be kept
  },
  // log(1 + eˣ), written so that neither term overflows
  softplus: {
    js: (x) => `Math.max(${x}, 0) + Math.log1p(Math.exp(-Math.abs(${x})))`,
    wgsl: (x) => `max(${x}, 0.0) + tgLog1p(tgExp(-abs(${x})))`,
    wasm: { f32: wasm.softplus },
    ulps: (size) => 12 + 2 * size, // those of exp and log1p
    takes: float,
    domain: [-99, 99],
    grad: (dy, x) => dy.mul(x.sigmoid()),
  },
  // a u32 for each f32, in the same order: −∞ … −0 = 0 … ∞, NaN; what a sort by digits looks at
  orderedBits: {
    js: (x) => `m.orderedBits(${x})`,
    wgsl: (x) => `tgOrderedBits(${x})`,
    wasm: { f32: wasm.orderedBits },
    takes: float,
    gives: "u32",
    domain: [-9, 9],
  },
  not: {
    js: (x) => `!${x}`,
    wgsl: (x) => `!${x}`,
    wasm: { bool: v128.not },
    takes: logical,
    domain: [0, 1],
  },
};

/** The winner of a comparison takes the gradient; equals take half each. */
function shared(dy: Tensor, first: Tensor, isTie: Tensor): [Tensor, Tensor] {
  const half = dy.mul(0.5);
  return [isTie.select(half, first.select(dy, 0)), isTie.select(half, first.select(0, dy))];
}

export type BinaryName =
  | "add"
  | "sub"
  | "mul"
  | "div"
  | "mod"
  | "maximum"
  | "minimum"
  | "pow"
  | "atan2"
  | "equal"
  | "less"
  | "lessEqual"
  | "greater"
  | "greaterEqual"
  | "and"
  | "or";

export const binary: Readonly<Record<BinaryName, BinaryOp>> = {
  add: {
    js: (x, y) => `${x} + ${y}`,
    wgsl: (x, y) => `${x} + ${y}`,
    wasm: { f32: f32x4.add, i32: i32x4.add, u32: i32x4.add },
    takes: number,
    domain: [-9, 9],
    grad: (dy) => [dy, dy],
  },
  sub: {
    js: (x, y) => `${x} - ${y}`,
    wgsl: (x, y) => `${x} - ${y}`,
    wasm: { f32: f32x4.sub, i32: i32x4.sub, u32: i32x4.sub },
    takes: number,
    domain: [-9, 9],
    grad: (dy) => [dy, dy.neg()],
  },
  mul: {
    js: (x, y) => `${x} * ${y}`,
    wgsl: (x, y) => `${x} * ${y}`,
    integer: { js: (x, y) => `Math.imul(${x}, ${y})` },
    wasm: { f32: f32x4.mul, i32: i32x4.mul, u32: i32x4.mul },
    takes: number,
    domain: [-9, 9],
    grad: (dy, a, b) => [dy.mul(b), dy.mul(a)],
  },
  // integers: truncated towards zero; by zero the result is unspecified
  div: {
    js: (x, y) => `${x} / ${y}`,
    wgsl: (x, y) => `${x} / ${y}`,
    integer: { js: (x, y) => `Math.trunc(${x} / ${y})` },
    wasm: { f32: f32x4.div, i32: wasm.divideSigned, u32: wasm.divideUnsigned },
    takes: number,
    domain: [0.1, 9],
    grad: (dy, _a, b, y) => [dy.div(b), dy.mul(y).div(b).neg()],
  },
  // remainder with the sign of the dividend
  mod: {
    js: (x, y) => `${x} % ${y}`,
    wgsl: (x, y) => `${x} % ${y}`,
    wasm: { f32: wasm.mod, i32: wasm.remainderSigned, u32: wasm.remainderUnsigned },
    takes: number,
    domain: [1, 9],
    error: 9,
    grad: (dy, a, b, y) => [dy, dy.mul(y.sub(a)).div(b)],
  },
  maximum: {
    js: (x, y) => `Math.max(${x}, ${y})`,
    wgsl: (x, y) => `tgMax(${x}, ${y})`,
    integer: { wgsl: (x, y) => `max(${x}, ${y})` },
    wasm: { f32: f32x4.max, i32: i32x4.maxS, u32: i32x4.maxU },
    takes: number,
    domain: [-9, 9],
    grad: (dy, a, b) => shared(dy, a.greater(b), a.equal(b)),
  },
  minimum: {
    js: (x, y) => `Math.min(${x}, ${y})`,
    wgsl: (x, y) => `tgMin(${x}, ${y})`,
    integer: { wgsl: (x, y) => `min(${x}, ${y})` },
    wasm: { f32: f32x4.min, i32: i32x4.minS, u32: i32x4.minU },
    takes: number,
    domain: [-9, 9],
    grad: (dy, a, b) => shared(dy, a.less(b), a.equal(b)),
  },
  // a negative base is defined for whole exponents; there and at 0, no gradient reaches the exponent
  pow: {
    js: (x, y) => `Math.pow(${x}, ${y})`,
    wgsl: (x, y) => `tgPow(${x}, ${y})`,
    wasm: { f32: wasm.pow },
    takes: float,
    domain: [0.1, 4],
    error: 1e-4, // exp(y · log x) amplifies the error of the logarithm by y
    grad: (dy, a, b, y) => {
      const isSteep = a.equal(0).and(b.less(1)); // ∞, or of a constant 0 · ∞; guarded at the input
      const slope = isSteep.select(0, isSteep.select(1, a).pow(b.sub(1)));
      return [dy.mul(b).mul(slope), dy.mul(y).mul(a.greater(0).select(a, 1).log())];
    },
  },
  atan2: {
    js: (y, x) => `Math.atan2(${y}, ${x})`,
    wgsl: (y, x) => `tgAtan2(${y}, ${x})`,
    wasm: { f32: wasm.atan2 },
    takes: float,
    domain: [-9, 9],
    grad: (dy, y, x) => {
      const scaled = dy.div(x.square().add(y.square()).maximum(tiny));
      return [scaled.mul(x), scaled.mul(y).neg()];
    },
  },
  equal: {
    js: (x, y) => `${x} === ${y}`,
    wgsl: (x, y) => `${x} == ${y}`,
    wasm: { f32: f32x4.eq, i32: i32x4.eq, u32: i32x4.eq, bool: i32x4.eq },
    takes: all,
    gives: "bool",
    domain: [0, 3],
  },
  less: {
    js: (x, y) => `${x} < ${y}`,
    wgsl: (x, y) => `${x} < ${y}`,
    wasm: { f32: f32x4.lt, i32: i32x4.ltS, u32: i32x4.ltU },
    takes: number,
    gives: "bool",
    domain: [0, 3],
  },
  lessEqual: {
    js: (x, y) => `${x} <= ${y}`,
    wgsl: (x, y) => `${x} <= ${y}`,
    wasm: { f32: f32x4.le, i32: i32x4.leS, u32: i32x4.leU },
    takes: number,
    gives: "bool",
    domain: [0, 3],
  },
  greater: {
    js: (x, y) => `${x} > ${y}`,
    wgsl: (x, y) => `${x} > ${y}`,
    wasm: { f32: f32x4.gt, i32: i32x4.gtS, u32: i32x4.gtU },
    takes: number,
    gives: "bool",
    domain: [0, 3],
  },
  greaterEqual: {
    js: (x, y) => `${x} >= ${y}`,
    wgsl: (x, y) => `${x} >= ${y}`,
    wasm: { f32: f32x4.ge, i32: i32x4.geS, u32: i32x4.geU },
    takes: number,
    gives: "bool",
    domain: [0, 3],
  },
  and: {
    js: (x, y) => `${x} && ${y}`,
    wgsl: (x, y) => `${x} && ${y}`,
    wasm: { bool: v128.and },
    takes: logical,
    domain: [0, 1],
  },
  or: {
    js: (x, y) => `${x} || ${y}`,
    wgsl: (x, y) => `${x} || ${y}`,
    wasm: { bool: v128.or },
    takes: logical,
    domain: [0, 1],
  },
};

export const ternary: Readonly<Record<"select", TernaryOp>> = {
  // condition ? x : y, operand by operand; both are evaluated
  select: {
    js: (c, x, y) => `${c} ? ${x} : ${y}`,
    wgsl: (c, x, y) => `select(${y}, ${x}, ${c})`,
    wasm: { f32: v128.select, i32: v128.select, u32: v128.select, bool: v128.select },
    takes: all,
    domain: [-9, 9],
    grad: (dy, c) => [null, c.select(dy, 0), c.select(0, dy)],
  },
};

/** Every elementwise op by name. */
export const elementwise: Readonly<Record<string, ElementwiseOp>> = {
  ...unary,
  ...binary,
  ...ternary,
};
