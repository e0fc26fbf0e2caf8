/** What EggNet trains on: distances of pairs of hits in its embedding, or condensation. */
import { ShapeError } from "../src/engine/errors.ts";
import { edgesOfNeighbors } from "../src/engine/ops/neighborEdges.ts";
import { knn } from "../src/engine/ops/neighbors.ts";
import type { Rng } from "../src/engine/random.ts";
import { gather } from "../src/engine/rows.ts";
import type { Tensor } from "../src/engine/tensor.ts";
import { bceWithLogits } from "../src/nn/losses/bce.ts";
import { objectCondensation } from "../src/nn/losses/condensation.ts";
import { contrastive, type Pairs } from "../src/nn/losses/contrastive.ts";
import type { EggNetOutput } from "./eggnet.ts";

/** What is true of the N hits of an event. */
export interface EggNetTruth {
  /** u32 [N]: 1 … numParticles, each with a hit; 0 for noise. */
  particle: Tensor;
  numParticles: number;
  /** Consecutive hits of a particle. */
  trackEdges: Pairs;
  /** f32 [N]: what a pair of one particle counts, by its first hit; default: 1. */
  trueWeight?: Tensor;
  /** What any other pair counts; default: 1. */
  fakeWeight?: number;
}

export interface EggNetLossOptions {
  /** Default: contrastive. The others need scores. */
  kind?: "contrastive" | "weightedContrastive" | "objectCondensation";
  /** Neighbours of each hit that are looked at. Default: 10. */
  k?: number;
  /** Neighbours are at most this far away. */
  maxDistance?: number;
  /** Pairs of different particles repel up to this distance. Default: 1. */
  margin?: number;
  /** Pairs that are looked at besides, drawn by `randomPairs`. */
  randomPairs?: Pairs;
  /** Of condensation: least charge of a hit, and share of the noise term. */
  minCharge?: number;
  noiseWeight?: number;
}

/** `count` pairs of `numHits` hits, both ends drawn with replacement, on the device. */
export const randomPairs = (rng: Rng, numHits: number, count: number): Pairs => ({
  first: rng.bits([count]).mod(numHits),
  second: rng.bits([count]).mod(numHits),
});

/**
 * The terms of the loss and their sum `loss`, one number each.
 *
 * Contrastive: pairs of one particle attract, others repel, see `contrastive`. Three sets of pairs count
 * the same, each a weighted mean: true edges (`signal`), nearest neighbours (`knn`), random ones (`random`).
 * Weighted contrastive: the weight of a pair is multiplied by both scores β = σ(logit), and `beta` is the
 * cross-entropy of the scores. Condensation: see `objectCondensation`. A mean of nothing is 0.
 */
export function eggnetLoss(
  { embedding, score }: EggNetOutput,
  truth: EggNetTruth,
  options: EggNetLossOptions = {},
): Record<string, Tensor> & { loss: Tensor } {
  const { kind = "contrastive", minCharge = 0.1, noiseWeight = 1 } = options;
  if (kind !== "contrastive" && !score)
    throw new ShapeError(`eggnetLoss(score): expected scores for ${kind}, got none (hasScore)`);
  if (kind === "objectCondensation") {
    // artanh is infinite at 1
    const beta = (score as Tensor).sigmoid().reshape([-1]).minimum(nearlyOne);
    const hits = { beta, embedding, particle: truth.particle };
    return { ...objectCondensation(hits, truth.numParticles, { minCharge, noiseWeight }) };
  }
  const beta = kind === "contrastive" ? null : (score as Tensor).sigmoid().reshape([-1]);
  const terms: Record<string, Tensor> = {
    signal: pairTerm(embedding, truth.trackEdges, truth, { beta, isTrue: true, ...options }),
    knn: nearestTerm(embedding, truth, { beta, ...options }),
  };
  if (options.randomPairs)
    terms.random = pairTerm(embedding, options.randomPairs, truth, { beta, ...options });
  if (beta) terms.beta = scoreTerm(score as Tensor, truth);
  const loss = Object.values(terms).reduce((sum, term) => sum.add(term));
  return { ...terms, loss };
}

const nearlyOne = 1 - 2 ** -20;

/**
 * Of nearest neighbors. Within a radius of a hit whose place is not a number there is nobody, so no pair would
 * tell: a NaN is added for it.
 */
function nearestTerm(
  embedding: Tensor,
  truth: EggNetTruth,
  options: EggNetLossOptions & PairOptions,
): Tensor {
  const term = pairTerm(embedding, nearestPairs(embedding, options), truth, options);
  return options.maxDistance === undefined ? term : term.add(nanIfAny(embedding));
}

/** 0, or NaN if a value is NaN; shader compilers may take a product with 0 for 0, but not these ops. */
const nanIfAny = (values: Tensor): Tensor => values.stopGradient().maximum(0).minimum(0).sum();

/** Each hit, second, with its nearest in the embedding, first. */
function nearestPairs(embedding: Tensor, { k = 10, maxDistance }: EggNetLossOptions): Pairs {
  const points = embedding.stopGradient();
  const found = knn(points, k, maxDistance === undefined ? {} : { maxDistance });
  const { source, target } = edgesOfNeighbors(found);
  return { first: source, second: target };
}

interface PairOptions {
  beta: Tensor | null;
  /** Whether all pairs are known to be of one particle. */
  isTrue?: boolean;
  margin?: number;
}

function pairTerm(
  embedding: Tensor,
  pairs: Pairs,
  { particle, trueWeight, fakeWeight = 1 }: EggNetTruth,
  { beta, isTrue = false, margin = 1 }: PairOptions,
): Tensor {
  const { first, second } = pairs;
  const [numHits] = embedding.shape;
  const ofFirst = gather(particle, first);
  const isPair = first.less(numHits); // others are places without a neighbour
  const isSame = isTrue ? isPair : ofFirst.greater(0).and(ofFirst.equal(gather(particle, second)));
  const fake = isPair.cast("f32").mul(fakeWeight);
  const plain = isSame.select(trueWeight ? gather(trueWeight, first) : 1, fake);
  const weights = beta ? plain.mul(gather(beta, first)).mul(gather(beta, second)) : plain;
  return contrastive(embedding, pairs, isSame, { margin, weights, reduction: "weightedMean" });
}

/** Cross-entropy of belonging to a particle. */
function scoreTerm(score: Tensor, { particle, trueWeight, fakeWeight = 1 }: EggNetTruth): Tensor {
  const isSignal = particle.greater(0);
  const weights = isSignal.select(trueWeight ?? 1, fakeWeight).reshape([-1, 1]);
  const labels = isSignal.cast("f32").reshape([-1, 1]);
  return bceWithLogits(score, labels, { weights, reduction: "weightedMean" });
}
