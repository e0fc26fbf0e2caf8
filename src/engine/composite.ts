/**
 * Composite ops: named compositions of primitives. The name says what; a kernel of that name may
 * say how, faster. Without one, the composition itself is planned like any other graph.
 */
import type { DType } from "./dtype.ts";
import { type Attrs, type Expr, makeExpr } from "./expr.ts";
import type { Shape } from "./shape.ts";
import type { Tensor } from "./tensor.ts";

/** One result of a composite. */
export interface CompositeResult {
  shape: (inputs: readonly Expr[], attrs: Attrs) => Shape;
  /** That of the first input unless it says otherwise. */
  dtype?: DType;
  /** The same value from primitives; `expr` carries attributes and run-time numbers. */
  compose: (inputs: readonly Expr[], expr: Expr) => Expr;
}

export interface Composite extends CompositeResult {
  name: string;
  /** A cheaper way to the same value, taken unless fusion is off; `because` is for `explain`. */
  rewrite?: { because: string; to: CompositeResult["compose"] };
  /** Further results, which a kernel makes in the same launch; named as in its `more`. */
  parts?: Readonly<Record<string, CompositeResult>>;
  /**
   * Gradients of the inputs from dL/dy and dL/dpart, the latter only for the parts that L depends on.
   * Without it, the compositions are differentiated.
   */
  grad?: (
    dy: Tensor,
    inputs: readonly Tensor[],
    y: Tensor,
    expr: Expr,
    dParts: Readonly<Record<string, Tensor>>,
  ) => (Tensor | null)[];
}

const composites = new Map<string, Composite>();
const partsOf = new WeakMap<Expr, Map<string, Expr>>();

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

/** A further result of a composite; asked for again, it is the same expression. */
export function partOf(expr: Expr, name: string): Expr {
  const known = partsOf.get(expr) ?? new Map<string, Expr>();
  partsOf.set(expr, known);
  const { shape, dtype = expr.inputs[0].dtype } = resultNamed(expr, name);
  const part =
    known.get(name) ??
    makeExpr({
      op: "part",
      inputs: [expr],
      shape: shape(expr.inputs, expr.attrs),
      dtype,
      attrs: { name },
    });
  known.set(name, part);
  return part;
}

export const isPart = ({ op }: Expr): boolean => op === "part";

function resultNamed({ op }: Expr, name: string): CompositeResult {
  const result = composites.get(op)?.parts?.[name];
  if (!result) throw new Error(`partOf: expected a result of ${op}, got ${name}`);
  return result;
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
  if (!nodes.some((node) => needsExpanding(node, keep))) return outputs;
  const replaced = new Map<Expr, Expr>();
  const relaunched = new Map<Expr, Expr>();
  const now = (expr: Expr): Expr => replaced.get(expr) ?? expr;
  const replace = (node: Expr): Expr => {
    const inputs = node.inputs.map(now);
    const composite = keep(node) ? undefined : composites.get(node.op);
    if (composite) {
      const compose = (rewrite && composite.rewrite?.to) || composite.compose;
      return labelled(compose(inputs, node), node);
    }
    if (isPart(node)) {
      const [whole] = node.inputs;
      const operands = whole.inputs.map(now);
      if (!keep(whole))
        return resultNamed(whole, node.attrs.name as string).compose(operands, whole);
      if (whole.storage && !relaunched.has(whole))
        relaunched.set(whole, { ...whole, inputs: operands, storage: null });
      inputs[0] = relaunched.get(whole) ?? inputs[0];
    }
    return inputs.some((input, i) => input !== node.inputs[i]) ? { ...node, inputs } : node;
  };
  for (const node of nodes) if (!node.storage) replaced.set(node, replace(node));
  return outputs.map(now);
}

/** The composition goes by the name of what it stands for. */
function labelled(composition: Expr, { label }: Expr): Expr {
  composition.label ??= label;
  return composition;
}

/** What a composite, or a part of one, stands for. */
export function compositionOf(expr: Expr): Expr {
  const whole = isPart(expr) ? expr.inputs[0] : expr;
  const result = isPart(expr)
    ? resultNamed(whole, expr.attrs.name as string)
    : (composites.get(expr.op) as Composite);
  return result.compose(whole.inputs, whole);
}

/** A composite that no kernel computes, or a part that has not been kept of one computed before. */
export function needsExpanding(node: Expr, keep: (expr: Expr) => boolean): boolean {
  if (node.storage) return false;
  if (isPart(node)) return node.inputs[0].storage !== null || !keep(node.inputs[0]);
  return isComposite(node) && !keep(node);
}

/** Which composites among the nodes have a cheaper form, and why it is the same. */
export function rewritesIn(nodes: readonly Expr[], keep: (expr: Expr) => boolean): string[] {
  return nodes.flatMap((node) => {
    const because = needsExpanding(node, keep) && composites.get(node.op)?.rewrite?.because;
    return because ? [`${node.op} (${because})`] : [];
  });
}
