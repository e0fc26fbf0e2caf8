import { gather } from "../../engine/rows.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { type LossOptions, reduceLoss } from "./reduction.ts";

/** Pairs of rows, u32 [E] each. */
export interface Pairs {
  first: Tensor;
  second: Tensor;
}

/** d² of each pair: f32 [E] from an embedding f32 [N, D]. */
export function squaredDistances(embedding: Tensor, { first, second }: Pairs): Tensor {
  return gather(embedding, first).sub(gather(embedding, second)).square().sum({ axes: 1 });
}

export interface ContrastiveOptions extends LossOptions {
  /** Pairs that do not belong together repel up to this distance. */
  margin?: number;
}

/**
 * Contrastive loss of pairs, Hadsell et al. 2006 (doi:10.1109/CVPR.2006.100), as in EggNet.
 *
 *   l = d²  where the pair belongs together,  max(0, margin − d)²  elsewhere
 *
 * embedding f32 [N, D]; isSame bool [E]. d = √(|x_i − x_j|² + 10⁻¹²) has a slope also at 0.
 */
export function contrastive(
  embedding: Tensor,
  pairs: Pairs,
  isSame: Tensor,
  options: ContrastiveOptions = {},
): Tensor {
  const { margin = 1 } = options;
  const d = squaredDistances(embedding, pairs).add(1e-12).sqrt();
  const repulsion = d.neg().add(margin).relu();
  return reduceLoss(isSame.select(d, repulsion).square(), options);
}

export interface PairHingeOptions {
  margin?: number;
  /** Of the pairs that belong together. */
  positiveWeight?: number;
}

/**
 * Hinge loss of squared distances, as in the metric learning of Exa.TrkX (arXiv:2103.06995).
 *
 *   L = mean over strangers of max(0, margin² − d²) + positiveWeight · mean over the others of d²
 *
 * A mean over no pairs is 0.
 */
export function pairHinge(
  embedding: Tensor,
  pairs: Pairs,
  isSame: Tensor,
  { margin = 1, positiveWeight = 1 }: PairHingeOptions = {},
): Tensor {
  const d2 = squaredDistances(embedding, pairs);
  const repulsion = d2
    .neg()
    .add(margin * margin)
    .relu();
  const meanWhere = (condition: Tensor, values: Tensor) =>
    condition.select(values, 0).sum().div(condition.cast("f32").sum().maximum(1));
  return meanWhere(isSame.not(), repulsion).add(meanWhere(isSame, d2).mul(positiveWeight));
}
