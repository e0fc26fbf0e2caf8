/** Values whose gradient is given, instead of following from the ops that compute them. */
import { DTypeError, ShapeError } from "./errors.ts";
import { type Expr, makeExpr } from "./expr.ts";
import { sameShape, showShape } from "./shape.ts";
import { type Tensor, wrap } from "./tensor.ts";

/** ∂L/∂input for each input from dL/dy; null where none flows. */
export type GradientRule = (
  dy: Tensor,
  inputs: readonly Tensor[],
  y: Tensor,
) => readonly (Tensor | null)[];

/** What a value depends on as far as gradients are concerned, and how. */
export interface Custom {
  inputs: readonly Tensor[];
  rule: GradientRule;
}

const customs = new WeakMap<Expr, Custom>();

export const customOf = (expr: Expr): Custom | undefined =>
  expr.inputs.length > 0 ? customs.get(expr) : undefined; // a forgotten history is one

/** The same value under a name of its own, with the gradient that `custom` says. */
export function withCustom(y: Tensor, custom: Custom): Tensor {
  // a reshape is the same memory, so the name costs nothing
  const { expr, shape, dtype } = y;
  const named = makeExpr({ op: "reshape", inputs: [expr], shape, dtype });
  customs.set(named, custom);
  return wrap(named, [y]);
}

/**
 * y = f(inputs…) with dL/dinputs = rule(dL/dy, inputs, y): for estimators that are no derivative, or for
 * derivatives known better than the ops know them. What `rule` records is differentiated in turn, so
 * gradients of gradients work where its ops have rules.
 *
 *   const roundStraight = (x: Tensor) => customGradient((t) => t.add(0.5).floor(), (dy) => [dy])(x);
 *
 * Nothing flows to tensors that f uses and does not get as an input. Throws where a gradient is taken:
 * `ShapeError` if the rule gives another number of gradients, or one of another shape than its input.
 */
export function customGradient(
  f: (...inputs: Tensor[]) => Tensor,
  rule: GradientRule,
): (...inputs: Tensor[]) => Tensor {
  return (...inputs) => {
    const y = f(...inputs);
    if (y.dtype !== "f32")
      throw new DTypeError(`customGradient(f): expected an f32 result, got ${y.dtype}`);
    return withCustom(y, { inputs, rule: (...of) => checked(rule(...of), inputs) });
  };
}

function checked(
  gradients: readonly (Tensor | null)[],
  inputs: readonly Tensor[],
): readonly (Tensor | null)[] {
  if (gradients.length !== inputs.length)
    throw new ShapeError(
      `customGradient(rule): expected ${inputs.length} gradients, got ${gradients.length}`,
    );
  for (const [which, gradient] of gradients.entries())
    if (gradient && !sameShape(gradient.shape, inputs[which].shape))
      throw new ShapeError(
        `customGradient(rule): expected ${showShape(inputs[which].shape)} for input ${which}, got ${showShape(gradient.shape)}`,
      );
  return gradients;
}
