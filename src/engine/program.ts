/**
 * A program is one launch, before it is spelled as JavaScript or WGSL: loops around single
 * assignments. Sizes, strides, offsets and constants are parameters, so one program serves tensors
 * of every size.
 *
 *   param p0 … pn                  run-time numbers, in the order of `params`
 *   loop over parallel axes        nested loops in JavaScript, one invocation each in WGSL
 *     let v = op(a, b)             one statement per value, never a nested expression
 *     loop r in reduced axes       serial
 *       accumulate total += v
 *     store buffer[offset] = v
 */
import type { DType } from "./dtype.ts";
import type { Shape } from "./shape.ts";

/** `index` is an integer that addresses elements: u32 in WGSL, a plain number in JavaScript. */
export type ValueType = DType | "index";
export type Value = number;

export interface Let {
  kind: "let";
  id: Value;
  type: ValueType;
  /** An elementwise op, or load, param, literal, cast, philox. */
  op: string;
  args: readonly Value[];
  /** Type of the operands, where it decides the spelling. */
  from: ValueType;
  /** Buffer of a load, position of a param, or the number of a literal. */
  operand: number;
}
export interface Var {
  kind: "var";
  id: Value;
  type: ValueType;
  start: number;
}
export interface Accumulate {
  kind: "accumulate";
  id: Value;
  type: ValueType;
  op: string;
  value: Value;
}
export interface Store {
  kind: "store";
  buffer: number;
  type: DType;
  offset: Value;
  value: Value;
}
export interface Loop {
  kind: "loop";
  id: Value;
  from: Value | null;
  extent: Value;
  step: Value | null;
  parallel: boolean;
  /** How often it runs on average, where the extent is data; for `explain`. */
  trips: ((nodes: Sized) => number) | null;
  body: Node[];
}
export type Node = Let | Var | Accumulate | Store | Loop;

/** What parameters are computed from: the nodes of the graph that is run, by position. */
export type Sized = readonly { readonly shape: Shape; readonly values: readonly number[] }[];

/** One run-time number; parameters of equal keys are the same. `lanes` is how far reductions are split. */
export interface Param {
  key: string;
  type: ValueType;
  value: (nodes: Sized, lanes: number) => number;
}

export interface BufferUse {
  dtype: DType;
  written: boolean;
}

/** Parameters that say how far each buffer moves per parallel axis, where nothing else uses the index. */
export interface Grid {
  extents: readonly number[];
  strides: readonly (readonly number[])[];
}

export interface Program {
  params: readonly Param[];
  buffers: readonly BufferUse[];
  body: readonly Node[];
  types: readonly ValueType[];
  /** Positions in `params` of the sizes of the parallel axes, slowest first. */
  extents: readonly number[];
  /** Present where every index is used only to step through buffers: axes may then be merged. */
  grid: Grid | null;
  /** Position in `params` of the number of the first invocation, where that is not 0; see shift.ts. */
  first?: number;
}
