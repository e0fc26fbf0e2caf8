/** How ops outside the lowering machine say where their value comes from. */
import type { Expr } from "./expr.ts";
import type { Sized, Value, ValueType } from "./program.ts";
import type { ProgramBuilder } from "./programBuilder.ts";

/** One index value per axis. */
export type Index = readonly Value[];

/** Yields the operands it needs, each at an index; receives their values; returns its own. */
export type Steps = Generator<readonly [operand: Expr, index: Index], Value, Value>;

/** How an op computes its value at `index`. */
export type Rule = (context: RuleContext, expr: Expr, index: Index) => Steps;

export interface RuleContext {
  readonly build: ProgramBuilder;
  /** The size of an axis. */
  size(expr: Expr, axis: number): Value;
  /** How many rows of `many` there are per row of `few`. */
  ratio(many: Expr, few: Expr): (nodes: Sized) => number;
  /** One of an expression's run-time numbers. */
  number(expr: Expr, which: number, type: ValueType): Value;
  /** Arithmetic on index values. */
  index(op: "add" | "sub" | "mul" | "div" | "mod", a: Value, b: Value): Value;
  /** Row-major position of `index` in a tensor of `expr`'s sizes, and the reverse. */
  flatten(expr: Expr, index: Index): Value;
  unflatten(expr: Expr, flat: Value): Index;
  /** `index` of a result, as an index into an operand that may broadcast against it. */
  align(expr: Expr, operand: Expr, index: Index): Index;
}
