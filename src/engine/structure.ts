/** The structure of a graph: its nodes in order, and the key by which plans are found again. */
import type { Expr } from "./expr.ts";
import type { FuseOptions } from "./group.ts";
import type { Tiles } from "./kernel.ts";

/** Every expression that the outputs need, operands first; computed values are not looked into. */
export function listNodes(outputs: readonly Expr[]): Expr[] {
  const nodes: Expr[] = [];
  const done = new Set<Expr>();
  const stack: { expr: Expr; next: number }[] = [];
  for (const output of shallowFirst(outputs)) {
    stack.push({ expr: output, next: 0 });
    while (stack.length > 0) {
      const top = stack[stack.length - 1];
      const input = top.expr.storage ? undefined : top.expr.inputs[top.next++];
      if (done.has(top.expr)) stack.pop();
      else if (input) stack.push({ expr: input, next: 0 });
      else {
        stack.pop();
        done.add(top.expr);
        nodes.push(top.expr);
      }
    }
  }
  return nodes;
}

/**
 * Outputs that need few steps come first: the gradients of a network's last layers, which are ready
 * before those of its first. What they read need not wait in memory for the others.
 */
function shallowFirst(outputs: readonly Expr[]): Expr[] {
  const depth = new Map<Expr, number>();
  const stack: { expr: Expr; next: number }[] = [];
  for (const output of outputs) {
    stack.push({ expr: output, next: 0 });
    while (stack.length > 0) {
      const top = stack[stack.length - 1];
      const inputs = top.expr.storage ? [] : top.expr.inputs;
      const input = depth.has(top.expr) ? undefined : inputs[top.next++];
      if (input) {
        if (!depth.has(input)) stack.push({ expr: input, next: 0 });
        continue;
      }
      stack.pop();
      if (depth.has(top.expr)) continue;
      depth.set(
        top.expr,
        1 + inputs.reduce((most, each) => Math.max(most, depth.get(each) ?? 0), 0),
      );
    }
  }
  return outputs.toSorted((a, b) => (depth.get(a) as number) - (depth.get(b) as number));
}

/** What a person may choose, in terms of nodes. */
export interface PlanChoices extends Pick<FuseOptions, "fuse" | "force" | "forbid"> {
  tiles: Tiles;
}

/** What decides a plan: ops, attributes, dtypes, ranks, connections. */
export function structureKey(
  nodes: readonly Expr[],
  outputs: readonly Expr[],
  { fuse, force, forbid, tiles }: PlanChoices,
): string {
  const position = new Map(nodes.map((node, at) => [node, at]));
  const lines = nodes.map((node) =>
    node.storage
      ? `input:${node.dtype}${node.shape.length}`
      : `${node.signature}(${node.inputs.map((input) => position.get(input)).join()})`,
  );
  const at = (chosen: ReadonlySet<Expr>) => [...chosen].map((node) => position.get(node)).sort();
  const ways = [fuse ? "" : "unfused", at(force), at(forbid), JSON.stringify(tiles)].join("|");
  return `${ways};${lines.join(";")}→${outputs.map((output) => position.get(output)).join()}`;
}
