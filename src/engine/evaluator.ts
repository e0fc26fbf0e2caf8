import type { HostArray } from "./dtype.ts";
import type { Expr } from "./expr.ts";

/** All that tensors ask of a device; `runtime/device.ts` answers. */
export interface Evaluator {
  /** Computes the expressions and frees others; afterwards each has its value stored. */
  realize(outputs: readonly Expr[], freed?: readonly Expr[]): Promise<void>;
  /** The value of a computed expression. */
  read(expr: Expr): Promise<HostArray>;
  /** Frees the device's copy of a value. */
  release(expr: Expr): void;
}

let findCurrent = (): Evaluator => {
  throw new Error("tensor: expected a device, got none (import the package, not its parts)");
};

/** Says how to find the evaluator of tensors that name no device; `src/index.ts` does. */
export function useEvaluator(find: () => Evaluator): void {
  findCurrent = find;
}

export const currentEvaluator = (): Evaluator => findCurrent();
