/** State that waits to be computed with the next tensor that is asked for: what `commit` leaves to do. */
import type { Evaluator } from "./evaluator.ts";
import { type Expr, forget } from "./expr.ts";

/** What waits on a device. */
interface Pending {
  /** In a submission of their own, before. */
  ahead: Set<Expr>;
  along: Set<Expr>;
  freed: Set<Expr>;
}

const pending = new WeakMap<Evaluator, Pending>();
const committed = new WeakSet<Expr>();

export function pendingOn(device: Evaluator): Pending {
  const known = pending.get(device);
  if (known) return known;
  const none: Pending = { ahead: new Set(), along: new Set(), freed: new Set() };
  pending.set(device, none);
  return none;
}

/** Lets an expression wait, as the state of something that outlives the step. */
export function leavePending(expr: Expr, device: Evaluator, ahead: boolean): void {
  committed.add(expr);
  const waiting = pendingOn(device);
  (ahead ? waiting.ahead : waiting.along).add(expr);
}

/** Whether a tensor was made the state of something that outlives the step. */
export const isCommitted = (expr: Expr): boolean => committed.has(expr);

/** Computes the expressions, and with them what waits. */
export async function computeOn(device: Evaluator, exprs: readonly Expr[]): Promise<void> {
  const { ahead, along, freed } = pendingOn(device);
  pending.delete(device);
  // all is asked for now, so that nothing else comes between
  await Promise.all([
    ahead.size > 0 ? device.realize([...ahead]) : null,
    device.realize([...exprs, ...along], [...freed]),
  ]);
  for (const expr of [...ahead, ...along]) forget(expr);
}
