/**
 * What the elements of an expression are, from what its ops mean: one element at a time, with no part
 * of the planner, the lowering or the kernels in between.
 *
 * A rule says which elements of its operands it needs by yielding them and receives what they may be,
 * so chains of thousands of ops need no deep stack. Elements are numbered in row-major order.
 */
import { jsMath } from "../codegen/math.ts";
import { compositionOf, isComposite, isPart } from "../composite.ts";
import type { Expr } from "../expr.ts";
import { roundFloat16 } from "../float16.ts";
import { layoutOf } from "../layout.ts";
import { elementwise } from "../ops/elementwise.ts";
import { type ReduceOp, reductions } from "../ops/reduce.ts";
import { sizeOf, stridesOf } from "../shape.ts";
import { apply, everything, type Interval, point, type Rounding, sumOf } from "./interval.ts";

type Steps = Generator<readonly [operand: Expr, element: number], Interval, Interval>;
type Rule = (expr: Expr, element: number, reference: Reference) => Steps;

/** The elements of what one launch computes, each worked out once. */
export class Reference {
  readonly rounding: Rounding;
  /** Elements computed so far. */
  steps = 0;
  /** The value that a launch reads, or undefined if it is computed there. */
  private readonly given: (expr: Expr) => ArrayLike<number> | undefined;
  private readonly known = new Map<Expr, Map<number, Interval>>();
  private readonly composed = new Map<Expr, Expr>();

  constructor(given: (expr: Expr) => ArrayLike<number> | undefined, rounding: Rounding) {
    this.given = given;
    this.rounding = rounding;
  }

  /** What an element may be; null if finding out takes more than `mostSteps` further elements. */
  element(root: Expr, rootElement: number, mostSteps: number): Interval | null {
    const last = this.steps + mostSteps;
    const pending: { expr: Expr; element: number; steps: Steps }[] = [];
    let result = this.lookup(root, rootElement);
    if (!result) pending.push(this.start(root, rootElement));
    while (pending.length > 0) {
      if (this.steps > last) return null;
      const top = pending[pending.length - 1];
      const step = result === undefined ? top.steps.next() : top.steps.next(result);
      if (step.done) {
        pending.pop();
        result = step.value;
        this.remember(top.expr, top.element, result);
        continue;
      }
      const [operand, element] = step.value;
      result = this.lookup(operand, element);
      if (!result) pending.push(this.start(operand, element));
    }
    return result as Interval;
  }

  /** The primitives that a composite, or a part of one, stands for. */
  compositionOf(expr: Expr): Expr {
    const known = this.composed.get(expr) ?? compositionOf(expr);
    this.composed.set(expr, known);
    return known;
  }

  /** A run-time number as the device receives it. */
  number(value: number, { dtype }: Expr): number {
    if (dtype === "f16") return roundFloat16(value);
    return dtype === "f32" && this.rounding.largest < Number.MAX_VALUE ? Math.fround(value) : value;
  }

  private start(expr: Expr, element: number): { expr: Expr; element: number; steps: Steps } {
    this.steps++;
    return { expr, element, steps: ruleOf(expr)(expr, element, this) };
  }

  private lookup(expr: Expr, element: number): Interval | undefined {
    const data = this.given(expr);
    return data ? point(data[element]) : this.known.get(expr)?.get(element);
  }

  private remember(expr: Expr, element: number, value: Interval): void {
    const known = this.known.get(expr) ?? new Map<number, Interval>();
    this.known.set(expr, known.set(element, value));
  }
}

function ruleOf(expr: Expr): Rule {
  if (expr.op in elementwise || expr.op === "cast") return elementwiseRule;
  const isComposed = isComposite(expr) || isPart(expr);
  const rule = isComposed ? compositeRule : rules[expr.op];
  if (!rule) throw new Error(`verify: expected an op that it knows, got ${expr.op}`);
  return rule;
}

const indexOf = (element: number, { shape }: Expr): number[] =>
  stridesOf(shape).map((stride, axis) => Math.floor(element / stride) % shape[axis]);

const elementAt = (index: readonly number[], { shape }: Expr): number => {
  let element = 0;
  for (const [axis, size] of shape.entries()) element = element * size + index[axis];
  return element;
};

/** The element of an operand, repeated along axes of size 1, that belongs to one of the result. */
function aligned(element: number, expr: Expr, operand: Expr): number {
  if (operand.shape.length === 0) return 0;
  const index = indexOf(element, expr).slice(expr.shape.length - operand.shape.length);
  return elementAt(
    index.map((i, axis) => (operand.shape[axis] === 1 ? 0 : i)),
    operand,
  );
}

const elementwiseRule: Rule = function* (expr, element, { rounding }) {
  const operands: Interval[] = [];
  for (const input of expr.inputs) operands.push(yield [input, aligned(element, expr, input)]);
  const from = expr.inputs[expr.inputs.length - 1].dtype;
  return apply(expr.op, from, expr.dtype, operands, rounding);
};

const compositeRule: Rule = function* (expr, element, reference) {
  return yield [reference.compositionOf(expr), element];
};

/** Combines the values along the reduced axes, or along the rows of a segment. */
function fold(
  { combine, start }: ReduceOp,
  values: readonly Interval[],
  { dtype }: Expr,
  rounding: Rounding,
): Interval {
  if (combine === "add" && dtype === "f32") return sumOf(values, rounding);
  let total = point(start[dtype] as number);
  for (const value of values) total = apply(combine, dtype, dtype, [total, value], rounding);
  return total;
}

const reductionRule: Rule = function* (expr, element, { rounding }) {
  const [x] = expr.inputs;
  const axes = expr.attrs.axes as number[];
  const index = indexOf(element, expr);
  const count = sizeOf(axes.map((axis) => x.shape[axis]));
  const values: Interval[] = [];
  for (let n = 0; n < count; n++) {
    let rest = n;
    for (const axis of [...axes].reverse()) {
      index[axis] = rest % x.shape[axis];
      rest = Math.floor(rest / x.shape[axis]);
    }
    values.push(yield [x, elementAt(index, x)]);
  }
  return fold(reductions[expr.op], values, expr, rounding);
};

const segmentRule = (op: ReduceOp): Rule =>
  function* (expr, element, { rounding }) {
    const [x, offsets, order] = expr.inputs;
    const [segment, ...place] = indexOf(element, expr);
    const { low: from } = yield [offsets, segment];
    const { low: end } = yield [offsets, segment + 1];
    const values: Interval[] = [];
    for (let at = from; at < end; at++) {
      const { low: row } = yield [order, at];
      values.push(yield [x, elementAt([row, ...place], x)]);
    }
    return fold(op, values, expr, rounding);
  };

/** What an op of one operand that only moves values reads for each index of its result. */
const moving = (source: (index: number[], expr: Expr) => number[]): Rule =>
  function* (expr, element) {
    const [x] = expr.inputs;
    return yield [x, elementAt(source(indexOf(element, expr), expr), x)];
  };

const rules: Readonly<Record<string, Rule>> = {
  ...Object.fromEntries(Object.keys(reductions).map((op) => [op, reductionRule])),
  segmentSum: segmentRule(reductions.sum),
  segmentMax: segmentRule(reductions.max),
  segmentMin: segmentRule(reductions.min),

  permute: moving((index, { attrs }) => {
    const axes = attrs.axes as number[];
    return axes.map((_, axis) => index[axes.indexOf(axis)]);
  }),
  slice: moving((index, { values }) =>
    index.map((i, axis) => values[2 * axis] + i * values[2 * axis + 1]),
  ),
  *expand(expr, element) {
    return yield [expr.inputs[0], aligned(element, expr, expr.inputs[0])];
  },
  *reshape(expr, element) {
    return yield [expr.inputs[0], element];
  },
  *stopGradient(expr, element) {
    return yield [expr.inputs[0], element];
  },
  *recompute(expr, element) {
    return yield [expr.inputs[0], element];
  },
  *piece(expr, element) {
    return yield [expr.inputs[0], expr.values[0] + element];
  },
  *pack({ inputs }, element) {
    const { starts } = layoutOf(inputs.map(({ shape }) => shape));
    const which = starts.findLastIndex((start) => start <= element);
    const place = element - starts[which];
    return place < sizeOf(inputs[which].shape) ? yield [inputs[which], place] : point(0);
  },
  *pad(expr, element, reference) {
    const [x] = expr.inputs;
    const [fill, ...before] = expr.values;
    const index = indexOf(element, expr).map((i, axis) => i - before[axis]);
    const isInside = index.every((i, axis) => i >= 0 && i < x.shape[axis]);
    return isInside ? yield [x, elementAt(index, x)] : point(reference.number(fill, expr));
  },
  *concat(expr, element) {
    const axis = expr.attrs.axis as number;
    const index = indexOf(element, expr);
    let which = 0;
    for (; index[axis] >= expr.inputs[which].shape[axis]; which++)
      index[axis] -= expr.inputs[which].shape[axis];
    return yield [expr.inputs[which], elementAt(index, expr.inputs[which])];
  },
  *gather(expr, element) {
    const [x, rows] = expr.inputs;
    const index = indexOf(element, expr);
    const { low: row, high } = yield [rows, elementAt(index.slice(0, rows.shape.length), rows)];
    if (row !== high) return everything; // which row it is depends on rounding
    if (!(row >= 0 && row < x.shape[0])) return point(0); // rows that do not exist
    return yield [x, elementAt([row, ...index.slice(rows.shape.length)], x)];
  },

  // biome-ignore lint/correctness/useYield: a number
  *const(expr, _element, reference) {
    return point(reference.number(expr.values[0], expr));
  },
  // biome-ignore lint/correctness/useYield: a number
  *iota(expr, element) {
    return point(indexOf(element, expr)[expr.attrs.axis as number] ?? 0);
  },
  // biome-ignore lint/correctness/useYield: a number
  *randomBits({ values: [key0, key1, counter0, counter1] }, element) {
    return point(jsMath.philox(key0, key1, counter0, counter1, element));
  },
};
