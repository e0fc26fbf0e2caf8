/** The catalogue of learning-rate schedules. */
export {
  type CosineOptions,
  type CosineRestartsOptions,
  cosine,
  cosineRestarts,
} from "./cosine.ts";
export { type PlateauOptions, plateau } from "./plateau.ts";
export type { Schedule } from "./schedule.ts";
export {
  constantRate,
  type ExponentialOptions,
  exponentialDecay,
  type StepDecayOptions,
  stepDecay,
} from "./step.ts";
export { atLeast, linearWarmup, type WarmupOptions } from "./warmup.ts";
