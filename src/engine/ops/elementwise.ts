/**
 * Elementwise ops, one row each: all that tensors, code generators and tests need to know.
 *
 * `js` and `wgsl` spell the op on operands that are names of variables. A spelling may call the
 * helpers of `codegen/math.ts` (`m.erf(x)` in JavaScript, `tgErf(x)` in WGSL).
 */
import type { DType } from "../dtype.ts";

type Spelling = (...operands: string[]) => string;

export interface ElementwiseOp {
  js: Spelling;
  wgsl: Spelling;
  /** Spellings for i32 and u32 where they differ; JavaScript wraps the result to 32 bits. */
  integer?: { js?: Spelling; wgsl?: Spelling };
  /** Operand dtypes; all operands of one op agree (`select` looks at its last two). */
  takes: readonly DType[];
  /** dtype of the result; that of the operands when absent. */
  gives?: DType;
  /** Where tests sample the operands. */
  domain: readonly [low: number, high: number];
  /** Error of the WGSL spelling over `domain`, relative to max(1, |y|); tests allow this much. */
  error?: number;
}

const float = ["f32"] as const;
const number = ["f32", "i32", "u32"] as const;
const signed = ["f32", "i32"] as const;
const logical = ["bool"] as const;
const all = ["f32", "i32", "u32", "bool"] as const;

export const unary = {
  neg: { js: (x) => `-${x}`, wgsl: (x) => `-${x}`, takes: signed, domain: [-9, 9] },
  abs: { js: (x) => `Math.abs(${x})`, wgsl: (x) => `abs(${x})`, takes: signed, domain: [-9, 9] },
  sign: { js: (x) => `Math.sign(${x})`, wgsl: (x) => `sign(${x})`, takes: signed, domain: [-9, 9] },
  floor: {
    js: (x) => `Math.floor(${x})`,
    wgsl: (x) => `floor(${x})`,
    takes: float,
    domain: [-9, 9],
  },
  square: { js: (x) => `${x} * ${x}`, wgsl: (x) => `${x} * ${x}`, takes: float, domain: [-9, 9] },
  reciprocal: { js: (x) => `1 / ${x}`, wgsl: (x) => `1.0 / ${x}`, takes: float, domain: [0.1, 9] },
  sqrt: { js: (x) => `Math.sqrt(${x})`, wgsl: (x) => `sqrt(${x})`, takes: float, domain: [0, 9] },
  rsqrt: {
    js: (x) => `1 / Math.sqrt(${x})`,
    wgsl: (x) => `inverseSqrt(${x})`,
    takes: float,
    domain: [0.1, 9],
  },
  exp: {
    js: (x) => `Math.exp(${x})`,
    wgsl: (x) => `exp(${x})`,
    takes: float,
    domain: [-20, 20],
    error: 1e-5, // WGSL allows 3 + 2|x| units in the last place
  },
  log: {
    js: (x) => `Math.log(${x})`,
    wgsl: (x) => `tgLog(${x})`,
    takes: float,
    domain: [1e-3, 99],
  },
  log1p: {
    js: (x) => `Math.log1p(${x})`,
    wgsl: (x) => `tgLog1p(${x})`,
    takes: float,
    domain: [-0.9, 9],
  },
  expm1: {
    js: (x) => `Math.expm1(${x})`,
    wgsl: (x) => `tgExpm1(${x})`,
    takes: float,
    domain: [-9, 9],
    error: 1e-5,
  },
  sin: { js: (x) => `Math.sin(${x})`, wgsl: (x) => `tgSin(${x})`, takes: float, domain: [-99, 99] },
  cos: { js: (x) => `Math.cos(${x})`, wgsl: (x) => `tgCos(${x})`, takes: float, domain: [-99, 99] },
  tanh: {
    js: (x) => `Math.tanh(${x})`,
    wgsl: (x) => `tgTanh(${x})`,
    takes: float,
    domain: [-99, 99],
  },
  erf: { js: (x) => `m.erf(${x})`, wgsl: (x) => `tgErf(${x})`, takes: float, domain: [-9, 9] },
  // 1 / (1 + e⁻ˣ); e⁻ˣ may overflow to ∞ in neither spelling
  sigmoid: {
    js: (x) => `1 / (1 + Math.exp(-${x}))`,
    wgsl: (x) => `1.0 / (1.0 + exp(-max(${x}, -80.0)))`,
    takes: float,
    domain: [-99, 99],
  },
  relu: {
    js: (x) => `Math.max(${x}, 0)`,
    wgsl: (x) => `max(${x}, 0.0)`,
    takes: float,
    domain: [-9, 9],
  },
  // log(1 + eˣ), written so that neither term overflows
  softplus: {
    js: (x) => `Math.max(${x}, 0) + Math.log1p(Math.exp(-Math.abs(${x})))`,
    wgsl: (x) => `max(${x}, 0.0) + tgLog1p(exp(-abs(${x})))`,
    takes: float,
    domain: [-99, 99],
  },
  not: { js: (x) => `!${x}`, wgsl: (x) => `!${x}`, takes: logical, domain: [0, 1] },
} satisfies Record<string, ElementwiseOp>;

export const binary = {
  add: {
    js: (x, y) => `${x} + ${y}`,
    wgsl: (x, y) => `${x} + ${y}`,
    takes: number,
    domain: [-9, 9],
  },
  sub: {
    js: (x, y) => `${x} - ${y}`,
    wgsl: (x, y) => `${x} - ${y}`,
    takes: number,
    domain: [-9, 9],
  },
  mul: {
    js: (x, y) => `${x} * ${y}`,
    wgsl: (x, y) => `${x} * ${y}`,
    integer: { js: (x, y) => `Math.imul(${x}, ${y})` },
    takes: number,
    domain: [-9, 9],
  },
  // integers: truncated towards zero; by zero the result is unspecified
  div: {
    js: (x, y) => `${x} / ${y}`,
    wgsl: (x, y) => `${x} / ${y}`,
    integer: { js: (x, y) => `Math.trunc(${x} / ${y})` },
    takes: number,
    domain: [0.1, 9],
  },
  // remainder with the sign of the dividend
  mod: {
    js: (x, y) => `${x} % ${y}`,
    wgsl: (x, y) => `${x} % ${y}`,
    takes: number,
    domain: [1, 9],
    error: 9,
  },
  maximum: {
    js: (x, y) => `Math.max(${x}, ${y})`,
    wgsl: (x, y) => `max(${x}, ${y})`,
    takes: number,
    domain: [-9, 9],
  },
  minimum: {
    js: (x, y) => `Math.min(${x}, ${y})`,
    wgsl: (x, y) => `min(${x}, ${y})`,
    takes: number,
    domain: [-9, 9],
  },
  // a negative base is defined for whole exponents
  pow: {
    js: (x, y) => `Math.pow(${x}, ${y})`,
    wgsl: (x, y) => `tgPow(${x}, ${y})`,
    takes: float,
    domain: [0.1, 4],
    error: 1e-4, // exp(y · log x) amplifies the error of the logarithm by y
  },
  atan2: {
    js: (y, x) => `Math.atan2(${y}, ${x})`,
    wgsl: (y, x) => `tgAtan2(${y}, ${x})`,
    takes: float,
    domain: [-9, 9],
  },
  equal: {
    js: (x, y) => `${x} === ${y}`,
    wgsl: (x, y) => `${x} == ${y}`,
    takes: all,
    gives: "bool",
    domain: [0, 3],
  },
  less: {
    js: (x, y) => `${x} < ${y}`,
    wgsl: (x, y) => `${x} < ${y}`,
    takes: number,
    gives: "bool",
    domain: [0, 3],
  },
  lessEqual: {
    js: (x, y) => `${x} <= ${y}`,
    wgsl: (x, y) => `${x} <= ${y}`,
    takes: number,
    gives: "bool",
    domain: [0, 3],
  },
  greater: {
    js: (x, y) => `${x} > ${y}`,
    wgsl: (x, y) => `${x} > ${y}`,
    takes: number,
    gives: "bool",
    domain: [0, 3],
  },
  greaterEqual: {
    js: (x, y) => `${x} >= ${y}`,
    wgsl: (x, y) => `${x} >= ${y}`,
    takes: number,
    gives: "bool",
    domain: [0, 3],
  },
  and: {
    js: (x, y) => `${x} && ${y}`,
    wgsl: (x, y) => `${x} && ${y}`,
    takes: logical,
    domain: [0, 1],
  },
  or: {
    js: (x, y) => `${x} || ${y}`,
    wgsl: (x, y) => `${x} || ${y}`,
    takes: logical,
    domain: [0, 1],
  },
} satisfies Record<string, ElementwiseOp>;

export const ternary = {
  // condition ? x : y, operand by operand; both are evaluated
  select: {
    js: (c, x, y) => `${c} ? ${x} : ${y}`,
    wgsl: (c, x, y) => `select(${y}, ${x}, ${c})`,
    takes: all,
    domain: [-9, 9],
  },
} satisfies Record<string, ElementwiseOp>;

export type UnaryName = keyof typeof unary;
export type BinaryName = keyof typeof binary;

/** Every elementwise op by name. */
export const elementwise: Readonly<Record<string, ElementwiseOp>> = {
  ...unary,
  ...binary,
  ...ternary,
};
