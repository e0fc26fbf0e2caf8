/**
 * The part of WebAssembly that is used here, one entry per instruction, named as in its specification.
 * An instruction is a function from the code of its operands to code.
 */
import { type Code, signed, unsigned } from "./code.ts";

type Unary = (x: Code) => Code;
type Binary = (x: Code, y: Code) => Code;

const unary =
  (...opcode: number[]): Unary =>
  (x) => [x, opcode];
const binary =
  (...opcode: number[]): Binary =>
  (x, y) => [x, y, opcode];
/** Vector instructions share a prefix. */
const simd = (opcode: number): number[] => [0xfd, ...unsigned(opcode)];
const unaryV = (opcode: number): Unary => unary(...simd(opcode));
const binaryV = (opcode: number): Binary => binary(...simd(opcode));

/** Reads at an address plus a constant; `align` is a hint, the logarithm of the alignment. */
const load =
  (opcode: readonly number[], align: number) =>
  (address: Code, offset = 0): Code => [address, opcode, align, unsigned(offset)];
const store =
  (opcode: readonly number[], align: number) =>
  (address: Code, value: Code, offset = 0): Code => [
    address,
    value,
    opcode,
    align,
    unsigned(offset),
  ];
const extract =
  (opcode: number) =>
  (x: Code, lane: number): Code => [x, simd(opcode), lane];
const replace =
  (opcode: number) =>
  (x: Code, lane: number, value: Code): Code => [x, value, simd(opcode), lane];

const floatBytes = (value: number): number[] => [
  ...new Uint8Array(new Float32Array([value]).buffer),
];

export const i32 = {
  const: (value: number): Code => [0x41, signed(value)],
  load: load([0x28], 2),
  load16U: load([0x2f], 1),
  store: store([0x36], 2),
  store16: store([0x3b], 1),
  eqz: unary(0x45),
  eq: binary(0x46),
  ne: binary(0x47),
  ltS: binary(0x48),
  ltU: binary(0x49),
  gtU: binary(0x4b),
  leS: binary(0x4c),
  leU: binary(0x4d),
  geU: binary(0x4f),
  add: binary(0x6a),
  sub: binary(0x6b),
  mul: binary(0x6c),
  divS: binary(0x6d),
  divU: binary(0x6e),
  remS: binary(0x6f),
  remU: binary(0x70),
  and: binary(0x71),
  or: binary(0x72),
  shl: binary(0x74),
  shrU: binary(0x76),
  /** Towards zero; traps beyond the range. */
  truncF32U: unary(0xa9),
  /** condition ? x : y */
  select: (condition: Code, x: Code, y: Code): Code => [x, y, condition, 0x1b],
};

export const f32 = {
  const: (value: number): Code => [0x43, floatBytes(value)],
  load: load([0x2a], 2),
  store: store([0x38], 2),
  convertI32U: unary(0xb3),
  lt: binary(0x5d),
  gt: binary(0x5e),
  le: binary(0x5f),
  add: binary(0x92),
  mul: binary(0x94),
};

/** Conversions on the way to and from functions of JavaScript, whose numbers are f64. */
export const f64 = {
  fromF32: unary(0xbb),
  fromI32: unary(0xb7),
  fromU32: unary(0xb8),
  toF32: unary(0xb6),
  toI32: unary(0xfc, 2), // saturating
  toU32: unary(0xfc, 3),
};

export const v128 = {
  /** Four 32-bit words. */
  const: (words: readonly [number, number, number, number]): Code => [
    simd(12),
    ...new Uint8Array(new Uint32Array(words).buffer),
  ],
  load: load(simd(0), 2),
  /** Four words from four unsigned halves. */
  load16x4U: load(simd(4), 1),
  load32Splat: load(simd(9), 2),
  store: store(simd(11), 2),
  load32Lane: (address: Code, x: Code, lane: number): Code => [address, x, simd(86), 2, 0, lane],
  store32Lane: (address: Code, x: Code, lane: number, offset = 0): Code => [
    address,
    x,
    simd(90),
    2,
    unsigned(offset),
    lane,
  ],
  store64Lane: (address: Code, x: Code, lane: number, offset = 0): Code => [
    address,
    x,
    simd(91),
    1,
    unsigned(offset),
    lane,
  ],
  not: unaryV(77),
  and: binaryV(78),
  /** x and not y */
  andNot: binaryV(79),
  or: binaryV(80),
  xor: binaryV(81),
  /** 1 if any bit is set. */
  anyTrue: unaryV(83),
  /** Bits of x where the mask is set, else of y. */
  select: (mask: Code, x: Code, y: Code): Code => [x, y, mask, simd(82)],
};

/** Words of x (0…3) and y (4…7) in a new order. */
export const shuffle = (x: Code, y: Code, words: readonly number[]): Code => [
  x,
  y,
  simd(13),
  ...words.flatMap((word) => [4 * word, 4 * word + 1, 4 * word + 2, 4 * word + 3]),
];

export const i32x4 = {
  /** The same word four times. */
  const: (value: number): Code => v128.const([value, value, value, value]),
  splat: unaryV(17),
  extractLane: extract(27),
  replaceLane: replace(28),
  eq: binaryV(55),
  ne: binaryV(56),
  ltS: binaryV(57),
  ltU: binaryV(58),
  gtS: binaryV(59),
  gtU: binaryV(60),
  leS: binaryV(61),
  leU: binaryV(62),
  geS: binaryV(63),
  geU: binaryV(64),
  abs: unaryV(160),
  neg: unaryV(161),
  shl: binaryV(171),
  shrS: binaryV(172),
  shrU: binaryV(173),
  add: binaryV(174),
  sub: binaryV(177),
  mul: binaryV(181),
  minS: binaryV(182),
  minU: binaryV(183),
  maxS: binaryV(184),
  maxU: binaryV(185),
  /** Towards zero, clamped to the range; NaN becomes 0. */
  truncF32: unaryV(248),
  truncF32U: unaryV(249),
};

/** Words to unsigned halves, those of x before those of y; they fit. */
export const i16x8 = { narrowI32U: binaryV(134) };

/** Products of the two low, or high, words of each operand, 64 bits each. */
export const i64x2 = { extmulLowU: binaryV(222), extmulHighU: binaryV(223) };

export const f32x4 = {
  const: (value: number): Code => {
    const [word] = new Uint32Array(new Float32Array([value]).buffer);
    return i32x4.const(word);
  },
  splat: unaryV(19),
  extractLane: extract(31),
  replaceLane: replace(32),
  eq: binaryV(65),
  ne: binaryV(66),
  lt: binaryV(67),
  gt: binaryV(68),
  le: binaryV(69),
  ge: binaryV(70),
  floor: unaryV(104),
  trunc: unaryV(105),
  /** To the nearest whole number, ties to even. */
  nearest: unaryV(106),
  abs: unaryV(224),
  neg: unaryV(225),
  sqrt: unaryV(227),
  add: binaryV(228),
  sub: binaryV(229),
  mul: binaryV(230),
  div: binaryV(231),
  min: binaryV(232),
  max: binaryV(233),
  /** y < x ? y : x, and x < y ? y : x: one machine instruction each; NaN only from x. */
  pmin: binaryV(234),
  pmax: binaryV(235),
  /** x · y + sum, rounded once or twice, as is faster on the machine. */
  relaxedMultiplyAdd: (x: Code, y: Code, sum: Code): Code => [x, y, sum, simd(261)],
  fromI32: unaryV(250),
  fromU32: unaryV(251),
};
