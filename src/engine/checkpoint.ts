/** Activation checkpointing, Chen et al. 2016 (arXiv:1604.06174). */
import { gradients } from "./autograd.ts";
import { withCustom } from "./customGradient.ts";
import { type Expr, makeExpr } from "./expr.ts";
import { type Tensor, wrap } from "./tensor.ts";

/**
 * f, but what it computes on the way is not kept for its gradients: they compute it again from the
 * inputs. Memory for time, about one more forward pass. Values, and gradients of whatever f uses
 * (parameters too), are the same; random numbers are the same numbers again. Gradients of its gradients
 * are refused.
 *
 *   const block = checkpoint((x: Tensor) => layer.forward(x));
 */
export function checkpoint(f: (...inputs: Tensor[]) => Tensor): (...inputs: Tensor[]) => Tensor {
  return (...inputs) => {
    const y = f(...inputs);
    const given = new Set(inputs.map(({ expr }) => expr));
    const inside = nodesBetween(given, y.expr);
    if (inside.length === 0) return y;
    const within = new Set(inside);
    const used = inside.flatMap((node) => node.inputs).filter((node) => !within.has(node));
    const outside = [...new Set([...given, ...used])].filter(({ dtype }) => dtype === "f32");
    const tensors = outside.map((expr) => wrap(expr, [y]));
    return withCustom(y, {
      inputs: tensors,
      rule: (dy) => {
        const again = copyAfter(dy.expr, inside, given);
        const at = (expr: Expr) => wrap(again.get(expr) ?? expr, [dy]);
        return gradients(at(y.expr), outside.map(at), dy);
      },
    });
  };
}

/** What depends on `inputs` on the way to `root` and is not there yet, operands first. */
function nodesBetween(inputs: ReadonlySet<Expr>, root: Expr): Expr[] {
  const found: Expr[] = [];
  const depends = new Map<Expr, boolean>([...inputs].map((input) => [input, true]));
  const stack: { expr: Expr; next: number }[] = [{ expr: root, next: 0 }];
  while (stack.length > 0) {
    const { expr } = stack[stack.length - 1];
    const operands = expr.storage ? [] : expr.inputs;
    const next = depends.has(expr) ? undefined : operands[stack[stack.length - 1].next++];
    if (next) {
      stack.push({ expr: next, next: 0 });
      continue;
    }
    stack.pop();
    if (depends.has(expr)) continue;
    const isInside = operands.some((operand) => depends.get(operand));
    depends.set(expr, isInside);
    if (isInside) found.push(expr);
  }
  return found;
}

/** Copies of `nodes`, computed no sooner than `dy`: until then, nothing of theirs takes memory. */
function copyAfter(
  dy: Expr,
  nodes: readonly Expr[],
  inputs: ReadonlySet<Expr>,
): ReadonlyMap<Expr, Expr> {
  const copies = new Map<Expr, Expr>();
  for (const input of inputs)
    copies.set(
      input,
      makeExpr({ op: "recompute", inputs: [input, dy], shape: input.shape, dtype: input.dtype }),
    );
  for (const node of nodes) {
    const operands = node.inputs.map((operand) => copies.get(operand) ?? operand);
    copies.set(node, { ...node, inputs: operands, storage: null });
  }
  return copies;
}
