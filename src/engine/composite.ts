/**
 * Composite ops: named compositions of primitives. The name says what; a kernel of that name may
 * say how, faster. Without one, the composition itself is planned like any other graph.
 */
import type { DType } from "./dtype.ts";
import { type Attrs, type Expr, makeExpr } from "./expr.ts";
import type { Shape } from "./shape.ts";
import type { Tensor } from "./tensor.ts";

export interface Composite {
  name: string;
  shape: (inputs: readonly Expr[], attrs: Attrs) => Shape;
  /** That of the first input unless it says otherwise. */
  dtype?: DType;
  /**
   * Whether the composition needs time or memory of the square of a size. It says what the op means,
   * and tests compare with it; what is computed otherwise only to be compared keeps the kernel.
   */
  isQuadratic?: boolean;
  /** The same value from primitives; `expr` carries attributes and run-time numbers. */
  compose: (inputs: readonly Expr[], expr: Expr) => Expr;
  /** Gradients of the inputs from dL/dy. Without it, the composition is differentiated. */
  grad?: (dy: Tensor, inputs: readonly Tensor[], y: Tensor, expr: Expr) => (Tensor | null)[];
}

const composites = new Map<string, Composite>();

/** Makes the op known to the planner and returns what records it. */
export function defineComposite(
  composite: Composite,
): (inputs: readonly Expr[], attrs?: Attrs, values?: readonly number[]) => Expr {
  composites.set(composite.name, composite);
  return (inputs, attrs = {}, values = []) =>
    makeExpr({
      op: composite.name,
      inputs,
      shape: composite.shape(inputs, attrs),
      dtype: composite.dtype ?? inputs[0].dtype,
      attrs,
      values,
    });
}

export const compositeNamed = (name: string): Composite | undefined => composites.get(name);
export const allComposites = (): Composite[] => [...composites.values()];
export const isComposite = (expr: Expr): boolean => composites.has(expr.op);

/**
 * The same outputs with every composite that `keep` does not claim replaced by its composition.
 * `nodes` in order, operands first.
 */
export function expandComposites(
  nodes: readonly Expr[],
  outputs: readonly Expr[],
  keep: (expr: Expr) => boolean,
): readonly Expr[] {
  if (!nodes.some((node) => isComposite(node) && !keep(node))) return outputs;
  const replaced = new Map<Expr, Expr>();
  const now = (expr: Expr): Expr => replaced.get(expr) ?? expr;
  for (const node of nodes) {
    if (node.storage) continue;
    const inputs = node.inputs.map(now);
    const composite = keep(node) ? undefined : composites.get(node.op);
    if (composite) replaced.set(node, composite.compose(inputs, node));
    else if (inputs.some((input, i) => input !== node.inputs[i]))
      replaced.set(node, { ...node, inputs });
  }
  return outputs.map(now);
}
