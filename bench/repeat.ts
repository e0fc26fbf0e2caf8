import { realize, type Tensor } from "../src/index.ts";

export interface Workload {
  name: string;
  /** Floating-point operations of one run, or bytes that it must read and write at least. */
  flops?: number;
  bytes?: number;
  /** Without a device: measured once, not per backend. */
  isOnHost?: boolean;
  /** Uploads the inputs; the result computes once and waits until it is done. */
  prepare: () => Promise<() => Promise<unknown>>;
}

/** Computes `op` again from fresh expressions of stored inputs; reads one element to wait for the end. */
export async function repeat(
  inputs: readonly Tensor[],
  op: () => Tensor,
): Promise<() => Promise<unknown>> {
  await realize(inputs);
  return async () => {
    const result = op();
    await realize([result]);
    return result
      .reshape([-1])
      .slice([[0, 1]])
      .data();
  };
}
