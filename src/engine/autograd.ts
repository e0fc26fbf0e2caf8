/**
 * Reverse-mode differentiation: graph in, graph out. The gradient of an expression is more
 * expressions, planned and fused like the rest, and differentiable again where the rules allow.
 *
 * The rules stand beside the ops, in their tables. Those that need other recorded ops are here.
 */
import { type Composite, type CompositeResult, compositeNamed, isPart } from "./composite.ts";
import { full, zeros } from "./create.ts";
import { customOf } from "./customGradient.ts";
import { isFloat } from "./dtype.ts";
import { DTypeError, ShapeError } from "./errors.ts";
import { type Expr, makeExpr, realized } from "./expr.ts";
import { binary, elementwise, ternary, unary } from "./ops/elementwise.ts";
import { movement } from "./ops/movement.ts";
import { reduce } from "./ops/reduce.ts";
import { pieces } from "./pack.ts";
import { gather } from "./rows.ts";
import { scatterAdd, segmentMin, segmentsIn } from "./segments.ts";
import { sameShape, showShape, sizeOf } from "./shape.ts";
import { record, Tensor, wrap } from "./tensor.ts";

/** Gradients of the inputs of one expression; null where none flows. */
type Rule = (
  dy: Tensor,
  expr: Expr,
  inputs: readonly Tensor[],
  y: Tensor,
  dParts: Readonly<Record<string, Tensor>>,
) => (Tensor | null)[];

/** Rules that record ops of other files than their own. */
export const indexed: Readonly<Record<string, Rule>> = {
  gather(dy, { inputs: [x, rows] }, [, index]) {
    const count = sizeOf(rows.shape);
    const flat = dy.reshape([count, ...x.shape.slice(1)]);
    return [scatterAdd(flat, rows.shape.length === 1 ? index : flatIndex(index), x.shape[0]), null];
  },
  pack: (dy, { inputs }) =>
    pieces(
      dy,
      inputs.map(({ shape }) => shape),
    ),
  piece: (dy, { values: [start], inputs: [flat] }) => [
    dy.reshape([dy.size]).pad([[start, flat.shape[0] - start - dy.size]]),
  ],
  segmentSum: (dy, _expr, inputs) => [gather(dy, inputs[3]), null, null, null],
  segmentMax: (dy, _expr, inputs, y) => [ofFirstExtreme(dy, inputs, y), null, null, null],
  segmentMin: (dy, _expr, inputs, y) => [ofFirstExtreme(dy, inputs, y), null, null, null],
};

/** The gradient goes to the first row of the segment that has the extreme value. */
function ofFirstExtreme(dy: Tensor, inputs: readonly Tensor[], y: Tensor): Tensor {
  const [x, ...plan] = inputs;
  const segments = segmentsIn(plan);
  const position = record("iota", [], x.shape, "i32", { attrs: { axis: 0 } });
  const isExtreme = x.equal(gather(y, segments.target));
  const first = segmentMin(isExtreme.select(position, 2 ** 31 - 1), segments);
  return position.equal(gather(first, segments.target)).select(gather(dy, segments.target), 0);
}

const flatIndices = new WeakMap<Expr, Expr>();

/** Indices of several axes as one list: the same for all who sort rows by them. */
function flatIndex(index: Tensor): Tensor {
  const { storage, dtype, shape } = index.expr;
  const flat = [sizeOf(shape)];
  if (storage?.host) return wrap(makeExpr({ op: "input", shape: flat, dtype, storage }), [index]);
  const known = flatIndices.get(index.expr) ?? index.reshape(flat).expr;
  flatIndices.set(index.expr, known);
  return wrap(known, [index]);
}

/**
 * ∂loss/∂input for each input, f32 of the input's shape; zeros where loss does not depend on it.
 *
 * `loss` is a scalar, or `seed` gives ∂L/∂loss for the L that is meant. Take gradients before `loss`
 * is realized or committed: that makes it a leaf. Reading it by `data` or `item` does not.
 */
export function gradients(loss: Tensor, inputs: readonly Tensor[], seed?: Tensor): Tensor[] {
  for (const { dtype } of [loss, ...inputs])
    if (!isFloat(dtype)) throw new DTypeError(`gradients: expected f32 or f16, got ${dtype}`);
  if (!seed && loss.size !== 1)
    throw new ShapeError(`gradients(loss): expected one element, got ${showShape(loss.shape)}`);
  if (seed && !sameShape(seed.shape, loss.shape))
    throw new ShapeError(
      `gradients(seed): expected ${showShape(loss.shape)}, got ${showShape(seed.shape)}`,
    );
  const wanted = new Set(inputs.map(({ expr }) => expr));
  if (loss.expr.op === realized && !wanted.has(loss.expr))
    throw new DTypeError(
      "gradients(loss): expected a tensor that knows how it was computed, got a realized one (take gradients before)",
    );
  const path = pathTo(loss.expr, wanted);
  const onPath = new Set(path);
  const { device } = wrap(loss.expr, seed ? [loss, ...inputs, seed] : [loss, ...inputs]);
  const tensorOf = (expr: Expr): Tensor => new Tensor(expr, device);
  const found = new Map<Expr, Tensor>([[loss.expr, seed ?? full(loss.shape, 1)]]);
  const ofParts = new Map<Expr, Record<string, Tensor>>(); // by what they are parts of
  for (const expr of path.reverse()) {
    const dParts = ofParts.get(expr) ?? {};
    const dy = found.get(expr) ?? (ofParts.has(expr) ? zeros(expr.shape) : undefined);
    const operands = operandsOf(expr, wanted);
    if (!dy || !operands.some((input) => onPath.has(input))) continue;
    if (isPart(expr)) {
      const [whole] = expr.inputs;
      ofParts.set(whole, { ...ofParts.get(whole), [expr.attrs.name as string]: dy });
      continue;
    }
    const gradient = ruleOf(expr)(dy, expr, operands.map(tensorOf), tensorOf(expr), dParts);
    for (const [which, input] of operands.entries()) {
      const part = gradient[which];
      if (!part || !onPath.has(input)) continue;
      const known = found.get(input);
      found.set(input, known ? known.add(part) : part);
    }
  }
  return inputs.map(({ expr }) => tensorOf((found.get(expr) ?? zeros(expr.shape)).expr));
}

/** The expressions between `wanted` and `root` that carry floats, operands first. */
function pathTo(root: Expr, wanted: ReadonlySet<Expr>): Expr[] {
  const path: Expr[] = [];
  const leads = new Map<Expr, boolean>(); // whether it depends on a wanted one
  const stack: { expr: Expr; next: number }[] = [{ expr: root, next: 0 }];
  while (stack.length > 0) {
    const top = stack[stack.length - 1];
    const operands = operandsOf(top.expr, wanted);
    const input = leads.has(top.expr) ? undefined : operands[top.next++];
    if (input) {
      if (!leads.has(input)) stack.push({ expr: input, next: 0 });
      continue;
    }
    stack.pop();
    if (leads.has(top.expr)) continue;
    const passes = top.expr.op !== "stopGradient" && operands.some((x) => leads.get(x));
    const carries = isFloat(top.expr.dtype) && (passes || wanted.has(top.expr));
    leads.set(top.expr, carries);
    if (carries) path.push(top.expr);
  }
  return path;
}

/** What a value depends on as far as gradients are concerned. */
function operandsOf(expr: Expr, wanted: ReadonlySet<Expr>): readonly Expr[] {
  if (expr.op === "recompute" && wanted.has(expr)) return []; // an input of what is computed again
  return customOf(expr)?.inputs.map((input) => input.expr) ?? expr.inputs;
}

function ruleOf(expr: Expr): Rule {
  const { op } = expr;
  const custom = customOf(expr);
  if (custom) return (dy, _expr, inputs, y) => [...custom.rule(dy, inputs, y)];
  if (op in unary || op in binary || op in ternary) return elementwiseRule;
  if (op in reduce) return reductionRule;
  if (op === "cast") return (dy) => [dy]; // between f32 and f16: rounding has no slope of its own
  if (op in indexed) return indexed[op];
  const move = movement[op]?.grad;
  if (move) return (dy) => move(dy, expr);
  const composite = compositeNamed(op);
  if (composite)
    return (dy, _expr, inputs, y, dParts) =>
      composite.grad?.(dy, inputs, y, expr, dParts) ?? throughComposition(dy, expr, dParts);
  throw new DTypeError(`gradients: expected ops that have derivatives, got ${op}`);
}

const elementwiseRule: Rule = (dy, expr, inputs, y) => {
  const row = elementwise[expr.op] as { grad?: (dy: Tensor, ...of: Tensor[]) => unknown };
  if (!row.grad) return inputs.map(() => null);
  const result = row.grad(dy, ...inputs, y);
  const parts = (result instanceof Tensor ? [result] : result) as (Tensor | null)[];
  return parts.map((part, which) => part?.sumTo(inputs[which].shape) ?? null);
};

const reductionRule: Rule = (dy, expr, [x], y) => {
  const { grad } = reduce[expr.op as keyof typeof reduce];
  if (!grad) throw new DTypeError(`gradients: expected ops that have derivatives, got ${expr.op}`);
  return [grad(dy, x, y, expr.attrs.axes as number[])];
};

/** Differentiates what a composite stands for, between its own inputs and results. */
export function throughComposition(
  dy: Tensor,
  expr: Expr,
  dParts: Readonly<Record<string, Tensor>> = {},
): (Tensor | null)[] {
  // One name per input that has a gradient, also where the same expression is given twice.
  const inputs = expr.inputs.map((input) =>
    input.dtype === "f32"
      ? makeExpr({ op: "reshape", inputs: [input], shape: input.shape, dtype: "f32" })
      : input,
  );
  const composite = compositeNamed(expr.op) as Composite;
  const floats = inputs.filter(({ dtype }) => dtype === "f32").map((input) => new Tensor(input));
  const through = ({ compose }: CompositeResult, seed: Tensor): Tensor[] =>
    gradients(new Tensor(compose(inputs, expr)), floats, seed);
  const all = [
    through(composite, dy),
    ...Object.entries(dParts).map(([name, seed]) =>
      through(composite.parts?.[name] as CompositeResult, seed),
    ),
  ];
  const sums = all.reduce((sum, more) => sum.map((part, which) => part.add(more[which])));
  return inputs.map((input) => sums[floats.findIndex((float) => float.expr === input)] ?? null);
}
