/** The catalogue of losses. */
export { type BceOptions, bceWithLogits } from "./bce.ts";
export {
  type CondensationOptions,
  type CondensationTerms,
  objectCondensation,
} from "./condensation.ts";
export {
  type ContrastiveOptions,
  contrastive,
  type PairHingeOptions,
  type Pairs,
  pairHinge,
  squaredDistances,
} from "./contrastive.ts";
export { crossEntropyWithLogits } from "./crossEntropy.ts";
export { type FocalOptions, focalWithLogits } from "./focal.ts";
export { hinge, type SmoothHingeOptions, smoothHinge } from "./hinge.ts";
export { maskedMse, mse } from "./mse.ts";
export { dice, jaccard, type OverlapOptions } from "./overlap.ts";
export type { LossOptions } from "./reduction.ts";
