import type { Tensor } from "../../engine/tensor.ts";
import type { StoredTensor } from "../module.ts";

/** What a training loop asks of an optimizer. */
export interface Optimizer {
  /** May change before every step. */
  learningRate: number;
  /** Records one step; it is computed together with the next tensor that is waited for. */
  update(grads: ReadonlyMap<string, Tensor>): void;
  /** All that the next step depends on, under the names of PyTorch: `<parameter>.exp_avg`, `….step`. */
  state(): Map<string, Tensor>;
  /** Continues from a stored state; `source` is named in errors. */
  load(state: ReadonlyMap<string, StoredTensor>, source?: string): void;
}

/** One number for all parameters, or one by name. */
export type PerParameter = number | ((name: string) => number);

export const valueFor = (setting: PerParameter, name: string): number =>
  typeof setting === "number" ? setting : setting(name);
