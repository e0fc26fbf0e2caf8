/** Launches that a kernel takes in: it finishes its results with them before it writes them. */
import { isComposite, isPart } from "./composite.ts";
import type { Expr } from "./expr.ts";
import { type FuseOptions, type Fusion, tooManyBuffers, type Users } from "./group.ts";
import { kernelNamed } from "./kernel.ts";
import { sameShape } from "./shape.ts";
import { isPointwise } from "./walk.ts";

/**
 * Launches that do nothing but finish a kernel's results: elementwise, on each result once, and
 * nobody else reads the kernel. Maps the launch to the kernel.
 */
export function finishersOf(
  nodes: readonly Expr[],
  roots: readonly Expr[],
  hosts: ReadonlyMap<Expr, Expr>,
  { wanted, users, reads, refusals }: Fusion,
  { maxInputs, forbid }: FuseOptions,
): Map<Expr, Expr> {
  const consumers = new Map<Expr, Expr[]>();
  for (const node of nodes)
    for (const input of node.storage ? [] : node.inputs)
      consumers.set(input, [...(consumers.get(input) ?? []), node]);
  const order = new Map(roots.map((root, at) => [root, at]));
  const finishers = new Map<Expr, Expr>();
  for (const kernel of roots) {
    if (!isComposite(kernel)) continue;
    const why = forbid.has(kernel) ? "forbidden" : wanted.get(kernel);
    const refuse = (reason: string) => refusals.set(kernel, reason);
    if (why !== undefined && why !== "reshaped") {
      refuse(why === "forbidden" ? why : `stored anyway: ${why}`);
      continue;
    }
    if (!kernelNamed(kernel.op)?.finishes) {
      refuse(`the kernel of ${kernel.op} does not write each result once`);
      continue;
    }
    const parts = (consumers.get(kernel) ?? []).filter(isPart);
    let top = kernel;
    let next = (consumers.get(top) ?? []).filter((node) => !isPart(node));
    while (next.length === 1 && next[0].op === "reshape" && !next[0].storage) {
      top = next[0];
      next = consumers.get(top) ?? [];
    }
    const [user, ...others] = users.get(top) as Users;
    if (!user || others.length > 0 || user[1].size !== 1 || !user[1].has(0)) {
      const isOne = user && others.length === 0;
      refuse(
        isOne ? `${user[0].op} reads it at other places` : `${others.length + 1} launches read it`,
      );
      continue;
    }
    const root = hosts.get(user[0]) ?? user[0];
    const members = [root, ...roots.filter((other) => hosts.get(other) === root)];
    if (finishers.has(root) || !isPointwise(root)) {
      const other = finishers.get(root)?.op;
      refuse(`${root.op} ${other ? `finishes ${other}` : "is not elementwise"}`);
      continue;
    }
    const isEarly = (part: Expr): boolean =>
      [...(users.get(part) as Users).keys()].some(
        (reader) => (order.get(reader) as number) <= (order.get(root) as number),
      );
    if (parts.some(isEarly)) {
      refuse(`a part of it is read before ${root.op} is computed`);
      continue;
    }
    if (root.dtype !== kernel.dtype || !sameShape(root.shape, top.shape)) {
      refuse(`${root.op} has other results than ${kernel.op}`);
      continue;
    }
    const loads = new Set([...kernel.inputs, ...members.flatMap((m) => [...(reads.get(m) ?? [])])]);
    for (const member of members) loads.delete(member);
    const buffers = loads.size + members.length + parts.length;
    if (buffers > maxInputs + 1) {
      refuse(tooManyBuffers(buffers, maxInputs + 1, root));
      continue;
    }
    finishers.set(root, kernel);
  }
  return finishers;
}
