import type { HostArray } from "./dtype.ts";
import { DeviceError } from "./errors.ts";
import { type Expr, isDisposed } from "./expr.ts";
import { showShape } from "./shape.ts";

/** All that tensors ask of a device; `runtime/device.ts` answers. */
export interface Evaluator {
  /** Computes the expressions and frees others; afterwards each has its value stored. */
  realize(outputs: readonly Expr[], freed?: readonly Expr[]): Promise<void>;
  /** The value of a computed expression. */
  read(expr: Expr): Promise<HostArray>;
  /** Frees the device's copy of a value. */
  release(expr: Expr): void;
}

/** Frees the memory of a value, on all devices and the host; it cannot be used any more. */
export function disposeValue(expr: Expr): void {
  const { storage, dtype, shape } = expr;
  if (!storage) return; // nothing was computed, so there is nothing to free
  if (isDisposed(storage))
    throw new DeviceError(
      `dispose: expected a tensor that has its memory, got a disposed one (${dtype} ${showShape(shape)})`,
    );
  const owners = [...storage.buffers.keys()] as Evaluator[];
  for (const owner of owners) owner.release(expr);
  storage.host = null;
}

let findCurrent = (): Evaluator => {
  throw new Error("tensor: expected a device, got none (import the package, not its parts)");
};

/** Says how to find the evaluator of tensors that name no device; `src/index.ts` does. */
export function useEvaluator(find: () => Evaluator): void {
  findCurrent = find;
}

export const currentEvaluator = (): Evaluator => findCurrent();
