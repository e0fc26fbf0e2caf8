import { scalar } from "../../engine/create.ts";
import { concat, type Tensor } from "../../engine/tensor.ts";

/**
 * Scales gradients down, all by one factor, so that their norm together is at most `maxNorm`
 * (Pascanu et al. 2013, arXiv:1211.5063).
 *
 *   g ← g · min(1, maxNorm / (‖g‖ + 10⁻⁶))          ‖g‖² = Σ over all elements of all gradients
 *
 * The norm before scaling is a tensor like the others: nothing is read back.
 */
export function clipByNorm(
  grads: ReadonlyMap<string, Tensor>,
  maxNorm: number,
): { grads: Map<string, Tensor>; norm: Tensor } {
  const squares = [...grads.values()].map((g) => g.square().sum().reshape([1]));
  const norm = squares.length === 0 ? scalar(0) : concat(squares).sum().sqrt();
  const factor = norm.add(1e-6).reciprocal().mul(maxNorm).minimum(1);
  return { grads: new Map([...grads].map(([name, g]) => [name, g.mul(factor)])), norm };
}
