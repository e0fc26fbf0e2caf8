/**
 * Tensors: what users hold. A tensor is an immutable, lazy handle on an expression; ops only
 * record, work happens at `await t.data()` or `await realize(…)`.
 */
import { type DType, expectDType, expectNumber, type HostArray } from "./dtype.ts";
import { DTypeError, ShapeError } from "./errors.ts";
import { currentEvaluator, disposeValue, type Evaluator } from "./evaluator.ts";
import { type Attrs, constant, type Expr, forget, makeExpr, wholeOf } from "./expr.ts";
import { roundFloat16 } from "./float16.ts";
import {
  type BinaryName,
  binary,
  type ElementwiseOp,
  elementwise,
  type UnaryName,
  unary,
} from "./ops/elementwise.ts";
import { type ReduceName, reduce } from "./ops/reduce.ts";
import { computeOn, leavePending, pendingOn } from "./pending.ts";
import {
  broadcastShapes,
  checkShape,
  normalizeAxes,
  normalizeAxis,
  resolveReshape,
  type Shape,
  sameShape,
  showShape,
  sizeOf,
} from "./shape.ts";

/** A tensor, or a number that stands for a constant of the other operand's dtype. */
export type Operand = Tensor | number;

/** Which axes to combine (default: all), and whether they stay with size 1. */
export interface ReduceOptions {
  axes?: number | readonly number[];
  keepAxes?: boolean;
}

type UnaryMethods = { [name in UnaryName]: () => Tensor };
type BinaryMethods = { [name in BinaryName]: (other: Operand) => Tensor };
type ReduceMethods = { [name in ReduceName]: (options?: ReduceOptions) => Tensor };

/** One method per row of the op tables: `x.exp()`, `x.add(y)`, `x.sum({ axes: 0 })`. */
// The methods are added below, from the same tables.
export interface Tensor extends UnaryMethods, BinaryMethods, ReduceMethods {}

// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: see above
export class Tensor {
  readonly expr: Expr;
  /** The device named at creation; null for "the current one". */
  readonly device: Evaluator | null;

  /** @internal Use `tensor(…)` or ops. */
  constructor(expr: Expr, device: Evaluator | null = null) {
    this.expr = expr;
    this.device = device;
  }

  get shape(): Shape {
    return this.expr.shape;
  }
  get dtype(): DType {
    return this.expr.dtype;
  }
  /** Number of elements. */
  get size(): number {
    return sizeOf(this.shape);
  }
  get rank(): number {
    return this.shape.length;
  }

  /** The elements in row-major order, computed now if need be. */
  async data(): Promise<HostArray> {
    const device = deviceOf([this]);
    // both are asked for now, so that a `close` right after this call comes after them
    const [, data] = await Promise.all([computeOn(device, [this.expr]), device.read(this.expr)]);
    return data;
  }

  /** The value of a tensor of one element. */
  async item(): Promise<number> {
    if (this.size !== 1)
      throw new ShapeError(`item: expected one element, got ${showShape(this.shape)}`);
    return (await this.data())[0];
  }

  /**
   * Integers and booleans become numbers; numbers are cut towards zero and clamped to the range of
   * integers, or rounded to the nearest f16 (ties to even, infinity from 65520 on).
   */
  cast(dtype: DType): Tensor {
    if (dtype === this.dtype) return this;
    return record("cast", [this], this.shape, dtype, { elementwise: true });
  }

  /** This condition ? x : y per element; both are evaluated, so guard what must not be. */
  select(x: Operand, y: Operand): Tensor {
    expectDType("select(condition)", this.dtype, ["bool"]);
    return applyElementwise("select", [this, x, y], [x, y]);
  }

  /** Mean over axes: f32. */
  mean(options: ReduceOptions = {}): Tensor {
    expectDType("mean", this.dtype, ["f32"]);
    const axes = normalizeAxes("mean", options.axes, this.rank);
    const length = sizeOf(axes.map((axis) => this.shape[axis]));
    if (length === 0)
      throw new ShapeError(`mean: expected elements to average, got ${showShape(this.shape)}`);
    return this.sum(options).mul(1 / length);
  }

  /** The same elements in row-major order under another shape; one size may be −1. */
  reshape(shape: Shape): Tensor {
    const target = resolveReshape(this.shape, shape);
    return sameShape(target, this.shape) ? this : record("reshape", [this], target, this.dtype);
  }

  /** Axis d of the result is axis `axes[d]` of this one. */
  permute(axes: readonly number[]): Tensor {
    const order = axes.map((axis) => normalizeAxis("permute", axis, this.rank));
    if (order.length !== this.rank || new Set(order).size !== this.rank)
      throw new ShapeError(
        `permute: expected each of ${this.rank} axes once, got ${showShape(axes)}`,
      );
    if (order.every((axis, d) => axis === d)) return this;
    const shape = order.map((axis) => this.shape[axis]);
    return record("permute", [this], shape, this.dtype, { attrs: { axes: order } });
  }

  /** Swaps two axes; the last two by default. */
  transpose(a = -2, b = -1): Tensor {
    const axes = this.shape.map((_, axis) => axis);
    const [first, second] = [a, b].map((axis) => normalizeAxis("transpose", axis, this.rank));
    [axes[first], axes[second]] = [axes[second], axes[first]];
    return this.permute(axes);
  }

  /** Repeats axes of size 1, and adds axes in front, up to `shape`. */
  expand(shape: Shape): Tensor {
    checkShape("expand", shape);
    if (!sameShape(broadcastShapes("expand", this.shape, shape), shape))
      throw new ShapeError(
        `expand: expected a shape that ${showShape(this.shape)} broadcasts to, got ${showShape(shape)}`,
      );
    return sameShape(shape, this.shape) ? this : this.repeat(shape);
  }

  /** @internal As `expand`, but recorded also where sizes happen to be equal: same ops for all sizes. */
  repeat(shape: Shape): Tensor {
    return record("expand", [this], shape, this.dtype);
  }

  /** Sums what `expand` repeated, down to `shape`: its transpose. */
  sumTo(shape: Shape): Tensor {
    if (sameShape(shape, this.shape)) return this;
    const extra = this.rank - shape.length;
    const fits = extra >= 0 && shape.every((n, a) => n === 1 || n === this.shape[extra + a]);
    if (!fits)
      throw new ShapeError(
        `sumTo: expected a shape that broadcasts to ${showShape(this.shape)}, got ${showShape(shape)}`,
      );
    const axes = this.shape.flatMap((n, a) =>
      a < extra || (shape[a - extra] === 1 && n !== 1) ? [a] : [],
    );
    return (axes.length > 0 ? this.sum({ axes, keepAxes: true }) : this).reshape(shape);
  }

  /** The same values, constant as far as gradients are concerned. */
  stopGradient(): Tensor {
    return record("stopGradient", [this], this.shape, this.dtype);
  }

  /** Elements start, start + step, … before end, per axis; all of an axis for `null`. */
  slice(ranges: readonly ([start: number, end: number, step?: number] | null)[]): Tensor {
    if (ranges.length > this.rank)
      throw new ShapeError(`slice: expected at most ${this.rank} ranges, got ${ranges.length}`);
    const values: number[] = [];
    const shape = this.shape.map((size, axis) => {
      const [start, end, step = 1] = ranges[axis] ?? [0, size];
      const count = Math.max(0, Math.ceil((end - start) / step));
      const last = start + (count - 1) * step;
      const isInside = count === 0 || (start >= 0 && start < size && last >= 0 && last < size);
      if (![start, end, step].every(Number.isInteger) || step === 0 || !isInside)
        throw new ShapeError(
          `slice: expected a range within 0…${size} of axis ${axis}, got ${start}…${end} step ${step}`,
        );
      values.push(start, step);
      return count;
    });
    return record("slice", [this], shape, this.dtype, { values });
  }

  /** Adds `[before, after]` elements per axis. */
  pad(widths: readonly (readonly [before: number, after: number])[], fill = 0): Tensor {
    const isValid = widths.flat().every((width) => Number.isInteger(width) && width >= 0);
    if (widths.length !== this.rank || !isValid)
      throw new ShapeError(
        `pad: expected ${this.rank} pairs of widths ≥ 0, got ${JSON.stringify(widths)}`,
      );
    expectNumber("pad(fill)", fill, this.dtype);
    const shape = this.shape.map((size, axis) => size + widths[axis][0] + widths[axis][1]);
    const values = [fill, ...widths.map(([before]) => before)];
    return record("pad", [this], shape, this.dtype, { values });
  }

  /** Index of the first greatest element along `axis`, i32. */
  argmax(axis = -1): Tensor {
    const along = normalizeAxis("argmax", axis, this.rank);
    const isGreatest = this.equal(this.max({ axes: along, keepAxes: true }));
    const position = record("iota", [], this.shape, "i32", { attrs: { axis: along } });
    return isGreatest.select(position, 2 ** 31 - 1).min({ axes: along });
  }

  /** Gives the value a name, for `explain` and `withPlan`; the same tensor. */
  named(name: string): this {
    this.expr.label = { name };
    return this;
  }

  /**
   * Frees the memory of this tensor now rather than when it is collected; it cannot be used any more.
   * Does nothing to one that was never computed; twice is an error.
   */
  dispose(): void {
    disposeValue(this.expr);
  }

  toString(): string {
    const state = wholeOf(this.expr).storage ? "computed" : "lazy";
    return `Tensor ${this.dtype} ${showShape(this.shape)} ${state}`;
  }
}

interface RecordOptions {
  attrs?: Attrs;
  values?: readonly number[];
  elementwise?: boolean;
}

/** A tensor of a new expression over those of `inputs`. */
export function record(
  op: string,
  inputs: readonly Tensor[],
  shape: Shape,
  dtype: DType,
  options: RecordOptions = {},
): Tensor {
  return wrap(
    makeExpr({ op, inputs: inputs.map(({ expr }) => expr), shape, dtype, ...options }),
    inputs,
  );
}

/** A tensor on the device that its inputs share. */
export function wrap(expr: Expr, inputs: readonly Tensor[]): Tensor {
  return new Tensor(expr, commonDevice(inputs));
}

function applyElementwise(
  op: string,
  operands: readonly Operand[],
  of: readonly Operand[] = operands,
): Tensor {
  const row = elementwise[op] as ElementwiseOp;
  const model = of.find((operand) => operand instanceof Tensor);
  const dtype = model?.dtype ?? "f32";
  expectDType(op, dtype, row.takes);
  const inputs = operands.map((x) => (x instanceof Tensor ? x : constantOf(op, x, dtype)));
  for (const operand of of)
    if (operand instanceof Tensor && operand.dtype !== dtype)
      throw new DTypeError(
        `${op}: expected operands of one dtype, got ${dtype} and ${operand.dtype} (use cast)`,
      );
  const shape = inputs.map((x) => x.shape).reduce((a, b) => broadcastShapes(op, a, b));
  return record(op, inputs, shape, row.gives ?? dtype, { elementwise: true });
}

function applyReduce(
  op: ReduceName,
  x: Tensor,
  { axes, keepAxes = false }: ReduceOptions = {},
): Tensor {
  const row = reduce[op];
  expectDType(op, x.dtype, ["f32", "i32", "u32"]);
  const along = normalizeAxes(op, axes, x.rank);
  if (along.length === 0) return x;
  if (!row.ofNothing && along.some((axis) => x.shape[axis] === 0))
    throw new ShapeError(`${op}: expected elements to compare, got ${showShape(x.shape)}`);
  const kept = x.shape.map((size, axis) => (along.includes(axis) ? 1 : size));
  const result = record(op, [x], kept, x.dtype, { attrs: { axes: along } });
  if (keepAxes) return result;
  const left = x.shape.filter((_, axis) => !along.includes(axis));
  return record("reshape", [result], left, x.dtype, { attrs: { drops: along } });
}

for (const name of Object.keys(unary))
  Object.defineProperty(Tensor.prototype, name, {
    value(this: Tensor) {
      return applyElementwise(name, [this]);
    },
  });
for (const name of Object.keys(binary))
  Object.defineProperty(Tensor.prototype, name, {
    value(this: Tensor, other: Operand) {
      return applyElementwise(name, [this, other]);
    },
  });
for (const name of Object.keys(reduce))
  Object.defineProperty(Tensor.prototype, name, {
    value(this: Tensor, options?: ReduceOptions) {
      return applyReduce(name as ReduceName, this, options);
    },
  });

/** A constant that fits beside `dtype`; `where` is the op that was given the number. */
export function constantOf(where: string, value: number, dtype: DType): Tensor {
  expectNumber(where, value, dtype);
  return new Tensor(constant(dtype === "f16" ? roundFloat16(value) : value, dtype));
}

export interface CommitOptions {
  /** Compute them in a submission of their own, so that what depends on them finds leaves. */
  ahead?: boolean;
  /**
   * Tensors that nobody is to read from then on: their memory is free for the computation, or after it
   * where it needs them.
   */
  frees?: readonly Tensor[];
}

/**
 * Makes tensors the state that the next step starts from. They are computed in the same submission as
 * the next tensor that is waited for; from then on they are leaves, without the history that led to
 * them. Optimizers call this.
 */
export function commit(
  tensors: readonly Tensor[],
  { ahead = false, frees = [] }: CommitOptions = {},
): void {
  for (const { expr, device } of tensors) leavePending(expr, device ?? currentEvaluator(), ahead);
  for (const { expr, device } of frees) pendingOn(device ?? currentEvaluator()).freed.add(expr);
}

/**
 * Computes several tensors together, in one submission. From then on they are leaves, without the
 * history that led to them, so that a loop that goes on from its last result does not remember all
 * others; gradients of them have to be taken before. (`data` keeps the history.)
 */
export async function realize(tensors: readonly Tensor[]): Promise<void> {
  if (tensors.length === 0) return;
  await computeOn(
    deviceOf(tensors),
    tensors.map(({ expr }) => expr),
  );
  for (const { expr } of tensors) forget(expr);
}

function commonDevice(tensors: readonly Tensor[]): Evaluator | null {
  const devices = new Set(tensors.map(({ device }) => device).filter((device) => device !== null));
  if (devices.size > 1)
    throw new DTypeError(
      `tensor: expected operands of one device, got ${[...devices].join(" and ")}`,
    );
  return [...devices][0] ?? null;
}

const deviceOf = (tensors: readonly Tensor[]): Evaluator =>
  commonDevice(tensors) ?? currentEvaluator();
