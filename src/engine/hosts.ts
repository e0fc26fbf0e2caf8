/** Launches that store what they compute anyway for themselves. */
import type { Expr } from "./expr.ts";
import { type FuseOptions, type Fusion, tooManyBuffers, type Users } from "./group.ts";
import { sameShape } from "./shape.ts";
import { isPointwise } from "./walk.ts";

/**
 * Stored values that the launch of their first reader computes anyway, at the same place: it stores
 * them too. Nobody may read them before that launch.
 */
export function hostsOf(
  roots: readonly Expr[],
  { users, reads, pieced, refusals }: Fusion,
  { maxInputs, forbid }: FuseOptions,
): Map<Expr, Expr> {
  const order = new Map(roots.map((root, at) => [root, at]));
  const hosts = new Map<Expr, Expr>();
  const hostOf = (root: Expr): Expr => hosts.get(root) ?? root;
  const members = new Map<Expr, Expr[]>(roots.map((root) => [root, [root]]));
  const at = (root: Expr): number => order.get(hostOf(root)) as number;
  for (const root of [...roots].reverse()) {
    const readers = [...(users.get(root) as Users).keys()];
    const refuse = (why: string) => refusals.set(root, why);
    if (readers.length === 0) continue;
    if (!isPointwise(root)) {
      refuse(`${root.op} is not elementwise`);
      continue;
    }
    if (forbid.has(root) || pieced.has(root)) {
      refuse(forbid.has(root) ? "forbidden" : "read in pieces");
      continue;
    }
    const first = readers.reduce((a, b) =>
      (order.get(a) as number) < (order.get(b) as number) ? a : b,
    );
    const host = hostOf(first);
    const isInPlace = users.get(root)?.get(first)?.has(0) && sameShape(root.shape, first.shape);
    if (!isInPlace || !isPointwise(host) || !isPointwise(first)) {
      const reader = isInPlace && isPointwise(first) ? host : first;
      refuse(`${reader.op} ${isInPlace ? "is not elementwise" : "reads it at other places"}`);
      continue;
    }
    const early = readers.find((reader) => hostOf(reader) !== host && at(reader) <= at(host));
    if (early) {
      refuse(`${early.op} reads it before ${host.op} is computed`);
      continue;
    }
    const joined = [...(members.get(host) as Expr[]), root];
    const loads = new Set(joined.flatMap((member) => [...(reads.get(member) ?? [])]));
    for (const member of joined) loads.delete(member);
    if (loads.size + joined.length > maxInputs + 1) {
      refuse(tooManyBuffers(loads.size + joined.length, maxInputs + 1, host));
      continue;
    }
    hosts.set(root, host);
    members.set(host, joined);
  }
  return hosts;
}
