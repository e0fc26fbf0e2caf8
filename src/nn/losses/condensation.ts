import { range } from "../../engine/create.ts";
import { matmul } from "../../engine/ops/contraction.ts";
import type { Tensor } from "../../engine/tensor.ts";

export interface CondensationOptions {
  /** Least charge of a hit. */
  minCharge?: number;
  /** Share of the noise term in the sum. */
  noiseWeight?: number;
}

/** The terms of the loss and their sum, one number each. */
export interface CondensationTerms {
  attractive: Tensor;
  repulsive: Tensor;
  coward: Tensor;
  noise: Tensor;
  loss: Tensor;
}

const tiny = 1e-9;

/**
 * Object condensation, Kieseler 2020 (arXiv:2002.03605): hits gather around the one of highest
 * charge in their particle, and keep away from those of other particles.
 *
 *   q = artanh²(β) + q_min,   α_k = hit of particle k with the greatest q,   d_nk = |x_n − x_α(k)|
 *
 *   attractive  Σ_k Σ_{n∈k} q_n q_α d²_nk / (n_k K)         coward  mean_k (1 − β_α)
 *   repulsive   Σ_k Σ_{n∉k} q_n q_α max(0, 1 − d_nk) / ((N − n_k) K)         noise  mean β of noise
 *
 * beta f32 [N] below 1; embedding f32 [N, D]; particle u32 [N], 1 … K or 0 for noise. Every
 * particle needs a hit. Work and memory grow as N · K: meant for parts of an event.
 */
export function objectCondensation(
  { beta, embedding, particle }: { beta: Tensor; embedding: Tensor; particle: Tensor },
  numParticles: number,
  { minCharge = 0.1, noiseWeight = 1 }: CondensationOptions = {},
): CondensationTerms {
  const [numHits, dim] = embedding.shape;
  const q = beta.log1p().sub(beta.neg().log1p()).mul(0.5).square().add(minCharge); // [N]
  const isMember = particle
    .cast("i32")
    .reshape([1, -1])
    .equal(range(numParticles).add(1).reshape([-1, 1]));
  const isAlpha = greatestMember(q.stopGradient(), isMember).cast("f32"); // [K, N], one 1 per row
  const ofAlpha = (t: Tensor) => matmul(isAlpha, t); // by product: the rows are not known to the host
  const qAlpha = ofAlpha(q.reshape([-1, 1])); // [K, 1]
  const centre = ofAlpha(embedding).reshape([numParticles, 1, dim]);
  const d2 = embedding.reshape([1, numHits, dim]).sub(centre).square().sum({ axes: 2 }); // [K, N]
  const charge = qAlpha.mul(q.reshape([1, -1]));
  const count = isMember.cast("f32").sum({ axes: 1 }); // [K]
  const perParticle = (entries: Tensor, size: Tensor) =>
    entries.sum({ axes: 1 }).div(size.add(tiny)).mean();
  const attractive = perParticle(isMember.select(charge.mul(d2), 0), count);
  const near = d2.sqrt().neg().add(1).relu();
  const others = count.neg().add(numHits);
  const repulsive = perParticle(isMember.select(0, charge.mul(near)), others);
  const coward = ofAlpha(beta.reshape([-1, 1]))
    .neg()
    .add(1)
    .mean();
  const isNoise = particle.cast("i32").equal(0);
  const noise = isNoise.select(beta, 0).sum().div(isNoise.cast("f32").sum().maximum(1));
  const loss = attractive.add(repulsive).add(coward).add(noise.mul(noiseWeight));
  return { attractive, repulsive, coward, noise, loss };
}

/** Which hit of each particle has the greatest charge, the first of equals: bool [K, N]. */
function greatestMember(q: Tensor, isMember: Tensor): Tensor {
  const [, numHits] = isMember.shape;
  const charges = isMember.select(q.reshape([1, -1]), -1);
  const first = charges.argmax(1).reshape([-1, 1]);
  return range(numHits).reshape([1, -1]).equal(first);
}
