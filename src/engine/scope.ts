/**
 * Lifetimes. The garbage collector does not see a device's memory, so what is only forgotten may fill
 * it; a scope gives the memory of all that was made in it back at once.
 */

import { DeviceError } from "./errors.ts";
import { disposeValue } from "./evaluator.ts";
import { type Expr, isDisposed, made } from "./expr.ts";
import { isCommitted } from "./pending.ts";
import { Tensor } from "./tensor.ts";

// Engines from before explicit resource management have no such symbol: `using` then finds this one.
(Symbol as { dispose?: symbol }).dispose ??= Symbol("Symbol.dispose");

/** What was made since it began; see `scope`. */
export class Scope {
  /** Made here, or kept from a scope within. */
  private readonly owned: Expr[] = [];
  private readonly kept: Expr[] = [];
  private readonly outer: Expr[] | null;
  private isOpen = true;

  /** @internal Use `scope()`. */
  constructor() {
    this.outer = made.into;
    made.into = this.owned;
  }

  /** Lets the tensors in `value` (itself, or in arrays, maps and objects) outlive the scope; returns it. */
  keep<T>(value: T): T {
    for (const { expr } of tensorsIn(value)) this.kept.push(expr);
    return value;
  }

  /**
   * Frees what was made and not kept. Tensors that are kept, and state that optimizers commit, go to
   * the scope around this one; so does all that they are still to be computed from.
   */
  end(): void {
    if (!this.isOpen) throw new DeviceError("scope: expected an open scope, got an ended one");
    if (made.into !== this.owned)
      throw new DeviceError(
        "scope: expected the scope that began last to end first, got another (do two run at once?)",
      );
    this.isOpen = false;
    made.into = this.outer;
    const needed = neededBy([...this.kept, ...this.owned.filter(isCommitted)]);
    for (const expr of this.owned)
      if (needed.has(expr)) this.outer?.push(expr);
      else if (expr.storage && !isDisposed(expr.storage)) disposeValue(expr);
  }

  [Symbol.dispose](): void {
    this.end();
  }
}

/**
 * Frees every tensor made in `work` but for those in what it returns, when it has returned or, if it is
 * asynchronous, when it is done. Without `work`: the scope itself, to end by `using` or `end()`.
 *
 *   using step = scope();                       const mean = await scope(async () => {
 *   const y = step.keep(model.forward(x));        …
 *                                                 return total.div(count);
 *                                               });
 *
 * Scopes nest. Two that run at the same time and overlap are an error.
 */
export function scope(): Scope;
export function scope<T>(work: () => T): T;
export function scope<T>(work?: () => T): T | Scope {
  const opened = new Scope();
  if (!work) return opened;
  let isPending = false;
  try {
    const result = work();
    if (!(result instanceof Promise)) return opened.keep(result);
    isPending = true;
    return result.then((value) => opened.keep(value)).finally(() => opened.end()) as T;
  } finally {
    if (!isPending) opened.end();
  }
}

/** The expressions and all that they are still to be computed from. */
function neededBy(roots: readonly Expr[]): Set<Expr> {
  const needed = new Set<Expr>();
  const waiting = [...roots];
  for (let expr = waiting.pop(); expr; expr = waiting.pop()) {
    if (needed.has(expr)) continue;
    needed.add(expr);
    if (!expr.storage) waiting.push(...expr.inputs);
  }
  return needed;
}

function tensorsIn(value: unknown, seen = new Set<unknown>()): Tensor[] {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return [];
  if (value instanceof Tensor) return [value];
  if (seen.has(value)) return [];
  seen.add(value);
  const parts =
    value instanceof Map || value instanceof Set ? value.values() : Object.values(value);
  return [...parts].flatMap((part) => tensorsIn(part, seen));
}
