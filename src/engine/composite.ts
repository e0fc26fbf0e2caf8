/**
 * Composite ops: named compositions of primitives. The name says what; a kernel of that name may
 * say how, faster. Without one, the composition itself is planned like any other graph.
 */
import { type Attrs, type Expr, makeExpr } from "./expr.ts";
import type { Shape } from "./shape.ts";
import type { Tensor } from "./tensor.ts";

export interface Composite {
  name: string;
  shape: (inputs: readonly Expr[], attrs: Attrs) => Shape;
  /** The same value from primitives; `expr` carries attributes and run-time numbers. */
  compose: (inputs: readonly Expr[], expr: Expr) => Expr;
  /** A cheaper way to the same value, taken unless fusion is off; `because` is for `explain`. */
  rewrite?: { because: string; to: Composite["compose"] };
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
      dtype: inputs[0].dtype,
      attrs,
      values,
    });
}

export const compositeNamed = (name: string): Composite | undefined => composites.get(name);
export const allComposites = (): Composite[] => [...composites.values()];
export const isComposite = (expr: Expr): boolean => composites.has(expr.op);

/**
 * The same outputs with every composite that `keep` does not claim replaced by its composition, or
 * what that may be rewritten to. `nodes` in order, operands first.
 */
export function expandComposites(
  nodes: readonly Expr[],
  outputs: readonly Expr[],
  { keep, rewrite }: { keep: (expr: Expr) => boolean; rewrite: boolean },
): readonly Expr[] {
  if (!nodes.some((node) => isComposite(node) && !keep(node))) return outputs;
  const replaced = new Map<Expr, Expr>();
  const now = (expr: Expr): Expr => replaced.get(expr) ?? expr;
  for (const node of nodes) {
    if (node.storage) continue;
    const inputs = node.inputs.map(now);
    const composite = keep(node) ? undefined : composites.get(node.op);
    const compose = (rewrite && composite?.rewrite?.to) || composite?.compose;
    if (compose) replaced.set(node, compose(inputs, node));
    else if (inputs.some((input, i) => input !== node.inputs[i]))
      replaced.set(node, { ...node, inputs });
  }
  return outputs.map(now);
}

/** Which composites among the nodes have a cheaper form, and why it is the same. */
export function rewritesIn(nodes: readonly Expr[], keep: (expr: Expr) => boolean): string[] {
  return nodes.flatMap((node) => {
    const because = node.storage || keep(node) ? undefined : composites.get(node.op)?.rewrite?.because;
    return because === undefined ? [] : [`${node.op} (${because})`];
  });
}
