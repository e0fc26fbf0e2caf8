/** The catalogue of optimizers. */
export { Adam, type AdamOptions } from "./adam.ts";
export { clipByNorm } from "./clip.ts";
export { LossScaler, type LossScalerOptions } from "./lossScaler.ts";
export type { Optimizer, PerParameter } from "./optimizer.ts";
export { Sgd, type SgdOptions } from "./sgd.ts";
