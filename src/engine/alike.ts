/** Which values of a graph have the same shape whatever the sizes are: a fact of structure. */
import type { Expr } from "./expr.ts";
import { isReduction } from "./lower.ts";
import { elementwise } from "./ops/elementwise.ts";
import { sameShape } from "./shape.ts";

export interface ShapeClasses {
  /** Equal for nodes of equal shapes; it may differ although the sizes agree by chance. */
  of: ReadonlyMap<Expr, number>;
  /** The class of what is left of a class without its reduced axes. */
  dropped: ReadonlyMap<number, number>;
}

export function shapeClasses(nodes: readonly Expr[]): ShapeClasses {
  const parent = nodes.map((_, at) => at);
  const position = new Map(nodes.map((node, at) => [node, at]));
  const find = (at: number): number => {
    while (parent[at] !== at) at = parent[at] = parent[parent[at]];
    return at;
  };
  const classOf = (node: Expr): number => find(position.get(node) as number);

  let isChanged = true;
  const join = (a: number, b: number): void => {
    if (a === b) return;
    parent[Math.max(a, b)] = Math.min(a, b);
    isChanged = true;
  };
  while (isChanged) {
    isChanged = false;
    const derived = new Map<string, number>(); // what is made alike of likes is alike
    for (const [at, node] of nodes.entries()) {
      const key = node.storage ? null : derivation(node, classOf);
      if (key !== null) {
        join(find(derived.get(key) ?? at), find(at));
        derived.set(key, find(at));
      }
      const before = node.storage ? null : beforeRows(node);
      if (before) join(classOf(before), find(at));
      if (!node.storage && keepsShape(node))
        for (const input of node.inputs)
          if (sameShape(input.shape, node.shape)) join(classOf(input), find(at));
    }
  }
  const isDrop = (node: Expr): boolean => !node.storage && node.attrs.drops !== undefined;
  return {
    of: new Map(nodes.map((node, at) => [node, find(at)])),
    dropped: new Map(nodes.filter(isDrop).map((node) => [classOf(node.inputs[0]), classOf(node)])),
  };
}

/** Ops whose signature says which inputs have the shape of the result. */
const keepsShape = ({ op }: Expr): boolean =>
  op in elementwise || op === "cast" || op === "stopGradient";

/** What a reshape that undoes another has the shape of: a composite of its rows is in between. */
function beforeRows(node: Expr): Expr | null {
  if (!node.attrs.undoesRows || node.inputs[0].storage) return null;
  const [rows] = node.inputs[0].inputs;
  return rows?.attrs.rows && !rows.storage ? rows.inputs[0] : null;
}

function derivation(node: Expr, classOf: (expr: Expr) => number): string | null {
  if (node.shape.length === 0) return "scalar";
  const { axes, drops, rows } = node.attrs;
  const isDerived = isReduction(node) || node.op === "permute" || drops || rows;
  return isDerived ? `${node.op} ${axes ?? drops ?? "rows"} ${classOf(node.inputs[0])}` : null;
}
