import type { Schedule } from "./schedule.ts";

export interface CosineOptions {
  rate: number;
  /** From the greatest rate to the least. */
  period: number;
  minRate?: number;
}

/** η = minRate + (rate − minRate) (1 + cos(π t / period)) / 2: down, and up again after one period. */
export const cosine =
  ({ rate, period, minRate = 0 }: CosineOptions): Schedule =>
  (time) =>
    minRate + ((rate - minRate) * (1 + Math.cos((Math.PI * time) / period))) / 2;

export interface CosineRestartsOptions extends CosineOptions {
  /** Each period is this many times as long as the one before. */
  growth?: number;
}

/** Cosine that starts again at `rate` after each period, Loshchilov & Hutter 2017 (arXiv:1608.03983). */
export function cosineRestarts({ growth = 1, ...options }: CosineRestartsOptions): Schedule {
  return (time) => {
    let since = time;
    let period = options.period;
    if (growth === 1) since %= period;
    else
      while (since >= period) {
        since -= period;
        period *= growth;
      }
    return cosine({ ...options, period })(since);
  };
}
