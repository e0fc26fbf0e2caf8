import type { Schedule } from "./schedule.ts";

export interface WarmupOptions {
  /** The rate that the warm-up ends at. */
  rate: number;
  /** Times 0 … duration − 1 warm up. */
  duration: number;
}

/** η = rate · (t + 1) / duration while t < duration (Goyal et al. 2017, arXiv:1706.02677), then `then`. */
export const linearWarmup =
  ({ rate, duration }: WarmupOptions, then: Schedule): Schedule =>
  (time, metrics) =>
    time < duration ? rate * Math.min(1, (time + 1) / duration) : then(time, metrics);

/** The schedule, never below `minRate`. */
export const atLeast =
  (minRate: number, schedule: Schedule): Schedule =>
  (time, metrics) =>
    Math.max(minRate, schedule(time, metrics));
