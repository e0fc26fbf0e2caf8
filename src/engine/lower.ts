/**
 * Lowering: from "this expression, at this index" to statements of a program.
 *
 * An op says what it needs by yielding `[operand, index]` and receives the operand's value; it
 * returns its own. Operands may be asked for at computed or even loaded indices, so views and
 * gathers fuse like arithmetic does. Pending ops wait on an explicit stack, so a chain of
 * thousands of ops is as good as one of ten.
 */
import type { Expr } from "./expr.ts";
import { elementwise } from "./ops/elementwise.ts";
import { movement } from "./ops/movement.ts";
import { reductions } from "./ops/reduce.ts";
import { segments } from "./ops/segment.ts";
import { sources } from "./ops/source.ts";
import type { Param, Sized, Value } from "./program.ts";
import { ProgramBuilder } from "./programBuilder.ts";
import type { Index, Rule, RuleContext, Steps } from "./rule.ts";
import { sameShape, stridesOf } from "./shape.ts";

export interface LoweringOptions {
  /** Position of every node in the list that parameters are computed from. */
  position: ReadonlyMap<Expr, number>;
  /** The buffer that holds an expression's value, or undefined if it is computed here. */
  bufferOf: (expr: Expr) => Expr | undefined;
  /** A kernel whose result is at hand as `given`, at the place of the loop that is being filled. */
  given?: Expr | null;
}

export class Lowering implements RuleContext {
  readonly build = new ProgramBuilder();
  readonly inputs: Expr[] = [];
  readonly options: LoweringOptions;
  /** The element that the innermost loop stores. */
  place: Value = -1;
  private readonly values = new Map<Expr, Map<string, Value>>();
  /** The expression that a value was computed for. */
  readonly owners = new Map<Value, Expr>();
  private readonly settled = new Map<Expr, Value>();
  private readonly slots = new Map<Expr, number>();

  constructor(options: LoweringOptions) {
    this.options = options;
  }

  /** The size of an axis, as an index value. */
  size(expr: Expr, axis: number): Value {
    return this.build.param(this.sizeParam(expr, axis));
  }

  sizeParam(expr: Expr, axis: number): Param {
    const at = this.at(expr);
    return { key: `size ${at}.${axis}`, type: "index", value: (nodes) => nodes[at].shape[axis] };
  }

  /** Element distance along an axis, 0 where the axis has size 1: reading there broadcasts. */
  stride(expr: Expr, axis: number): Value {
    return this.build.param(this.strideParam(expr, axis));
  }

  strideParam(expr: Expr, axis: number): Param {
    const at = this.at(expr);
    const value = (nodes: Sized) =>
      nodes[at].shape[axis] === 1 ? 0 : stridesOf(nodes[at].shape)[axis];
    return { key: `stride ${at}.${axis}`, type: "index", value };
  }

  /** How many rows of `many` there are per row of `few`. */
  ratio(many: Expr, few: Expr): (nodes: Sized) => number {
    const [above, below] = [this.at(many), this.at(few)];
    return (nodes) => nodes[above].shape[0] / Math.max(1, nodes[below].shape[0]);
  }

  /** One of an expression's run-time numbers. */
  number(expr: Expr, which: number, type: Param["type"]): Value {
    const at = this.at(expr);
    const value = (nodes: Sized) => nodes[at].values[which];
    return this.build.param({ key: `value ${at}.${which} ${type}`, type, value });
  }

  /** a + b, a · b, … of index values. */
  index(op: "add" | "sub" | "mul" | "div" | "mod", a: Value, b: Value): Value {
    return this.build.let(op, "index", [a, b]);
  }

  /** Row-major position of `index` in a tensor of `expr`'s sizes. */
  flatten(expr: Expr, index: Index): Value {
    let flat: Value | null = null;
    for (const [axis, i] of index.entries())
      flat =
        flat === null ? i : this.index("add", this.index("mul", flat, this.size(expr, axis)), i);
    return flat ?? this.build.literal(0, "index");
  }

  /** The index in a tensor of `expr`'s sizes of its `flat`-th element. */
  unflatten(expr: Expr, flat: Value): Value[] {
    const index: Value[] = new Array(expr.shape.length);
    for (let axis = expr.shape.length - 1; axis >= 0; axis--) {
      index[axis] = axis === 0 ? flat : this.index("mod", flat, this.size(expr, axis));
      if (axis > 0) flat = this.index("div", flat, this.size(expr, axis));
    }
    return index;
  }

  /** `index` of an op's result, as an index into an operand that may broadcast against it. */
  align(expr: Expr, operand: Expr, index: Index): Index {
    const aligned = index.slice(index.length - operand.shape.length);
    // A buffer broadcasts by its strides. What is computed here needs its own index, unless the
    // structure says that nothing is repeated.
    if (this.options.bufferOf(operand) || sameShape(operand.shape, expr.shape)) return aligned;
    return aligned.map((i, axis) => {
      const at = this.at(operand);
      const value = (nodes: Sized) => (nodes[at].shape[axis] === 1 ? 0 : 1);
      const moves = this.build.param({ key: `moves ${at}.${axis}`, type: "index", value });
      return this.index("mul", i, moves);
    });
  }

  /** The value of an expression at an index. */
  value(root: Expr, rootIndex: Index): Value {
    const pending: { expr: Expr; index: Index; steps: Steps }[] = [];
    let result = this.lookup(root, rootIndex);
    if (result === undefined) pending.push(this.start(root, rootIndex));
    while (pending.length > 0) {
      const top = pending[pending.length - 1];
      const step = result === undefined ? top.steps.next() : top.steps.next(result);
      if (step.done) {
        pending.pop();
        result = step.value;
        this.remember(top.expr, top.index, result);
        continue;
      }
      const [operand, index] = step.value;
      result = this.lookup(operand, index);
      if (result === undefined) pending.push(this.start(operand, index));
    }
    return result as Value;
  }

  private start(expr: Expr, index: Index): { expr: Expr; index: Index; steps: Steps } {
    const stored = this.options.bufferOf(expr);
    const steps = stored
      ? load(this, expr, index)
      : withoutViews(expr) === this.options.given
        ? take(this, expr)
        : ruleOf(expr)(this, expr, index);
    return { expr, index, steps };
  }

  /** From here on, the value of a reduction is known, wherever it is read. */
  settle(sum: Expr, total: Value): void {
    this.settled.set(sum, total);
    this.owners.set(total, sum);
  }

  private lookup(expr: Expr, index: Index): Value | undefined {
    const settled = this.settled.get(expr);
    if (settled !== undefined) return settled;
    const value = this.values.get(expr)?.get(index.join());
    return value !== undefined && this.build.isKnown(value) ? value : undefined;
  }

  private remember(expr: Expr, index: Index, value: Value): void {
    const known = this.values.get(expr) ?? new Map<string, Value>();
    this.values.set(expr, known.set(index.join(), value));
    if (!this.owners.has(value)) this.owners.set(value, expr);
  }

  /** Every expression whose value was computed, not loaded. */
  members(): Expr[] {
    const computed = [...this.values.keys()].filter((expr) => !this.options.bufferOf(expr));
    return [...new Set([...computed, ...this.settled.keys()])];
  }

  /** Number of the buffer binding that holds `expr`. */
  slot(expr: Expr): number {
    const stored = this.options.bufferOf(expr) as Expr;
    let slot = this.slots.get(stored);
    if (slot === undefined) {
      slot = this.build.buffer(stored.dtype, false);
      this.slots.set(stored, slot);
      this.inputs.push(stored);
    }
    return slot;
  }

  /** Σ index · stride, the element of a buffer of `expr`'s shape. */
  offset(expr: Expr, index: Index): Value {
    let sum: Value | null = null;
    for (const [axis, i] of index.entries()) {
      const term = this.index("mul", i, this.stride(expr, axis));
      sum = sum === null ? term : this.index("add", sum, term);
    }
    return sum ?? this.build.literal(0, "index");
  }

  private at(expr: Expr): number {
    return this.options.position.get(expr) as number;
  }
}

// biome-ignore lint/correctness/useYield: a load needs no other expression
function* load(lowering: Lowering, expr: Expr, index: Index): Steps {
  return lowering.build.load(lowering.slot(expr), lowering.offset(expr, index));
}

/** What a reshape is a reshape of. */
function withoutViews(expr: Expr): Expr {
  while (expr.op === "reshape" && !expr.storage) expr = expr.inputs[0];
  return expr;
}

/** The kernel's result for this place; the planner has made sure that no other is asked for. */
// biome-ignore lint/correctness/useYield: it is given
function* take({ build, place }: Lowering, expr: Expr): Steps {
  return build.let("given", expr.dtype, [place]);
}

function* applyElementwise(lowering: RuleContext, expr: Expr, index: Index): Steps {
  const args: Value[] = [];
  for (const input of expr.inputs) args.push(yield [input, lowering.align(expr, input, index)]);
  return lowering.build.let(expr.op, expr.dtype, args);
}

function ruleOf(expr: Expr): Rule {
  if (expr.op in elementwise || expr.op === "cast") return applyElementwise;
  const rule = movement[expr.op]?.lower ?? segments[expr.op]?.lower ?? sources[expr.op];
  if (!rule) throw new Error(`lower: expected a primitive op, got ${expr.op}`);
  return rule;
}

/** Whether an op computes at most what its consumer asks for: cheap to repeat, never worth a buffer. */
export const isView = (expr: Expr): boolean => expr.op in movement && expr.op !== "concat";
export const isSource = (expr: Expr): boolean => expr.op in sources;
export const isReduction = (expr: Expr): boolean => expr.op in reductions;
export const isSegmentOp = (expr: Expr): boolean => expr.op in segments;
