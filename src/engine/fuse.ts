/**
 * Fusion: which launches there are, and what each stores.
 *
 * Everything without a buffer is computed where it is used. A kernel that can may finish its results
 * with the elementwise ops that follow, and launches that go over the same elements become one.
 */
import { isPart } from "./composite.ts";
import type { Expr } from "./expr.ts";
import { finishersOf } from "./finishers.ts";
import type { FuseOptions, Group } from "./group.ts";
import { hostsOf } from "./hosts.ts";
import { mergeGroups } from "./merge.ts";
import { cannotForce, storedNodes } from "./stored.ts";

/** The launches for `outputs`, in an order in which every value is stored before it is read. */
export function groupNodes(
  nodes: readonly Expr[],
  outputs: readonly Expr[],
  options: FuseOptions,
): Group[] {
  const { fuse, force } = options;
  const fusion = storedNodes(nodes, outputs, options);
  const { stored, refusals } = fusion;
  const written = nodes.filter((node) => stored.has(node) && !node.storage);
  const roots = written.filter((node) => !isPart(node));
  const hosts = fuse ? hostsOf(roots, fusion, options) : new Map<Expr, Expr>();
  const finishers = fuse
    ? finishersOf(nodes, roots, hosts, fusion, options)
    : new Map<Expr, Expr>();
  const finished = new Set(finishers.values());
  const groups = roots
    .filter((root) => !hosts.has(root) && !finished.has(root))
    .map((root) => {
      const kernel = finishers.get(root) ?? null;
      return {
        roots: [root, ...roots.filter((other) => hosts.get(other) === root)],
        inner: [],
        walk: null,
        parts: written.filter((part) => isPart(part) && part.inputs[0] === (kernel ?? root)),
        kernel,
        reason: stored.get(root) as string,
        apart: new Map(),
      };
    });
  const merged = mergeGroups(groups, nodes, fusion, options);
  for (const root of merged.flatMap(({ roots }) => roots))
    if (force.has(root)) throw cannotForce(root, stored.get(root) as string, refusals.get(root));
  return merged;
}
