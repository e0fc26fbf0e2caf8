/** Ops that only move values: where the value at an index of the result comes from, and goes back to. */
import type { Expr } from "../expr.ts";
import type { Value } from "../program.ts";
import type { Index, Rule, RuleContext } from "../rule.ts";
import type { Tensor } from "../tensor.ts";

const replace = (index: Index, axis: number, value: Value): Value[] =>
  index.map((i, a) => (a === axis ? value : i));

const next = (values: Iterator<Value>): Value => values.next().value as Value;

/** low ≤ i < high */
function isWithin(context: RuleContext, i: Value, low: Value, high: Value): Value {
  const { build } = context;
  const above = build.let("lessEqual", "bool", [low, i]);
  const below = build.let("less", "bool", [i, high]);
  return build.let("and", "bool", [above, below]);
}

/** `i − low` where `inside`, else 0: always an index that exists. */
function indexWithin(context: RuleContext, inside: Value, i: Value, low: Value): Value {
  const zero = context.build.literal(0, "index");
  return context.build.let("select", "index", [inside, context.index("sub", i, low), zero]);
}

/** Where input number `which` of a concatenation starts, as a run-time number. */
function startOf(context: RuleContext, expr: Expr, which: number): Value {
  const axis = expr.attrs.axis as number;
  let start = context.build.literal(0, "index");
  for (const input of expr.inputs.slice(0, which))
    start = context.index("add", start, context.size(input, axis));
  return start;
}

/** The inverse of a slice: the elements of dy at the places they came from, zeros elsewhere. */
function spread(dy: Tensor, shape: readonly number[], values: readonly number[]): Tensor {
  let result = dy;
  for (const [axis, size] of shape.entries()) {
    let [start, step] = [values[2 * axis], values[2 * axis + 1]];
    const count = result.shape[axis];
    if (count === 0) [start, step] = [0, 1]; // nothing may start anywhere
    const along = <T>(of: T) => result.shape.map((_, a) => (a === axis ? of : null));
    if (step < 0) {
      start += (count - 1) * step;
      result = result.slice(along<[number, number, number]>([count - 1, -1, -1]));
      step = -step;
    }
    const none: [number, number] = [0, 0];
    if (step > 1) {
      const apart = [...result.shape.slice(0, axis + 1), 1, ...result.shape.slice(axis + 1)];
      const gaps = apart.map((_, a): [number, number] => (a === axis + 1 ? [0, step - 1] : none));
      const longer = result.shape.map((n, a) => (a === axis ? n * step : n));
      result = result.reshape(apart).pad(gaps).reshape(longer);
      result = result.slice(along<[number, number]>([0, (count - 1) * step + 1]));
    }
    const after = size - start - result.shape[axis];
    const widths = result.shape.map((_, a): [number, number] =>
      a === axis ? [start, after] : none,
    );
    result = result.pad(widths);
  }
  return result;
}

export interface MovementOp {
  lower: Rule;
  /** Gradients of the inputs; null for an index. Absent where another table has the rule. */
  grad?: (dy: Tensor, expr: Expr) => (Tensor | null)[];
}

export const movement: Readonly<Record<string, MovementOp>> = {
  /** y[index] = x[index of axis axes[0], …]: axis d of the result is axis axes[d] of x. */
  permute: {
    *lower(_context, expr, index) {
      const axes = expr.attrs.axes as number[];
      const source: Value[] = new Array(index.length);
      for (const [d, axis] of axes.entries()) source[axis] = index[d];
      return yield [expr.inputs[0], source];
    },
    grad: (dy, { attrs }) => {
      const axes = attrs.axes as number[];
      return [dy.permute(axes.map((_, d) => axes.indexOf(d)))];
    },
  },

  expand: {
    *lower(context, expr, index) {
      return yield [expr.inputs[0], context.align(expr, expr.inputs[0], index)];
    },
    grad: (dy, { inputs: [x] }) => [dy.sumTo(x.shape)],
  },

  /** The same elements in the same row-major order. Attribute `drops`: without those axes, of size 1. */
  reshape: {
    *lower(context, expr, index) {
      const [x] = expr.inputs;
      const drops = expr.attrs.drops as number[] | undefined;
      if (drops) {
        const rest = index.values();
        const zero = context.build.literal(0, "index");
        return yield [x, x.shape.map((_, a) => (drops.includes(a) ? zero : next(rest)))];
      }
      return yield [x, context.unflatten(x, context.flatten(expr, index))];
    },
    grad: (dy, { inputs: [x] }) => [dy.reshape(x.shape)],
  },

  /** y[i] = x[start + i · step] per axis; values: start, step of each axis. A step may be negative. */
  slice: {
    *lower(context, expr, index) {
      const source = index.map((i, axis) => {
        const start = context.number(expr, 2 * axis, "index");
        const step = context.number(expr, 2 * axis + 1, "index");
        return context.index("add", context.index("mul", i, step), start);
      });
      return yield [expr.inputs[0], source];
    },
    grad: (dy, { inputs: [x], values }) => [spread(dy, x.shape, values)],
  },

  /** y[i] = x[i − before] inside, else the fill; values: fill, then `before` of each axis. */
  pad: {
    *lower(context, expr, index) {
      const { build } = context;
      const [x] = expr.inputs;
      const source: Value[] = [];
      let inside: Value | null = null;
      for (const [axis, i] of index.entries()) {
        const before = context.number(expr, 1 + axis, "index");
        const end = context.index("add", before, context.size(x, axis));
        const within = isWithin(context, i, before, end);
        source.push(indexWithin(context, within, i, before));
        inside = inside === null ? within : build.let("and", "bool", [inside, within]);
      }
      const value = yield [x, source];
      if (inside === null) return value;
      return build.let("select", expr.dtype, [inside, value, context.number(expr, 0, expr.dtype)]);
    },
    grad: (dy, { inputs: [x], values }) => [
      dy.slice(x.shape.map((size, axis) => [values[1 + axis], values[1 + axis] + size])),
    ],
  },

  /** The value itself, which no gradient passes. */
  stopGradient: {
    *lower(_context, expr, index) {
      return yield [expr.inputs[0], index];
    },
    grad: () => [null],
  },

  /** The first input, no sooner than the second is computed: what `checkpoint` starts again from. */
  recompute: {
    *lower(_context, expr, index) {
      return yield [expr.inputs[0], index];
    },
  },

  /** The inputs one after the other along `axis`. */
  concat: {
    *lower(context, expr, index) {
      const { build } = context;
      const axis = expr.attrs.axis as number;
      let value: Value | null = null;
      for (const [which, input] of expr.inputs.entries()) {
        const start = startOf(context, expr, which);
        const end = context.index("add", start, context.size(input, axis));
        const within = isWithin(context, index[axis], start, end);
        const source = replace(index, axis, indexWithin(context, within, index[axis], start));
        const part: Value = yield [input, source];
        value = value === null ? part : build.let("select", expr.dtype, [within, part, value]);
      }
      return value as Value;
    },
    grad: (dy, { inputs, attrs, shape }) => {
      let end = 0;
      return inputs.map((x) => {
        const start = end;
        end += x.shape[attrs.axis as number];
        const range: [number, number] = [start, end];
        return dy.slice(shape.map((_, axis) => (axis === attrs.axis ? range : null)));
      });
    },
  },

  /** y[i…, f…] = x[rows[i…], f…]: rows of x by index; if bounded, 0 where x has no such row. */
  gather: {
    *lower(context, expr, index) {
      const { build } = context;
      const [x, rows] = expr.inputs;
      const rank = rows.shape.length;
      const features = index.slice(rank);
      const row = build.let("cast", "u32", [yield [rows, index.slice(0, rank)]]); // −1 is beyond the end
      const position = build.let("cast", "index", [row]);
      if (!expr.attrs.bounded) return yield [x, [position, ...features]];
      const isRow = build.let("less", "bool", [position, context.size(x, 0)]);
      const safe = build.let("select", "index", [isRow, position, build.literal(0, "index")]);
      const value = yield [x, [safe, ...features]];
      return build.let("select", expr.dtype, [isRow, value, build.literal(0, expr.dtype)]);
    },
  },
};
