import { gelu, silu } from "../engine/ops/activation.ts";
import type { Tensor } from "../engine/tensor.ts";

export type Activation = (x: Tensor) => Tensor;

/** Activations under the lower-case names that the four systems' configurations use. */
export const activations = {
  relu: (x) => x.relu(),
  tanh: (x) => x.tanh(),
  sigmoid: (x) => x.sigmoid(),
  softplus: (x) => x.softplus(),
  silu,
  /** x tanh(log(1 + eˣ)), Misra 2019 (arXiv:1908.08681). */
  mish: (x) => x.mul(x.softplus().tanh()),
  /** x > 0 ? x : eˣ − 1, Clevert et al. 2016 (arXiv:1511.07289). */
  elu: (x) => {
    const isPositive = x.greater(0);
    return isPositive.select(x, isPositive.select(0, x).expm1()); // guarded: both sides are evaluated
  },
  gelu: (x) => gelu(x),
} satisfies Record<string, Activation>;
export type ActivationName = keyof typeof activations;

/** The activation a configuration means by `SiLU`, `silu`, …; null if there is none of that name. */
export function activationNamed(name: string): ActivationName | null {
  const lower = name.toLowerCase();
  return Object.hasOwn(activations, lower) ? (lower as ActivationName) : null;
}
