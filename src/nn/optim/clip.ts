import { scalar } from "../../engine/create.ts";
import { pack, pieces } from "../../engine/pack.ts";
import type { Tensor } from "../../engine/tensor.ts";

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
  if (grads.size === 0) return { grads: new Map(), norm: scalar(0) };
  const all = pack([...grads.values()]); // one sum for all, and an optimizer finds them packed
  const norm = all.square().sum().sqrt();
  const factor = norm.add(1e-6).reciprocal().mul(maxNorm).minimum(1);
  const shapes = [...grads.values()].map(({ shape }) => shape);
  const scaled = pieces(all.mul(factor), shapes);
  return { grads: new Map([...grads.keys()].map((name, which) => [name, scaled[which]])), norm };
}
