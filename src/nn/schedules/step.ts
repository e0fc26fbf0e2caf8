import type { Schedule } from "./schedule.ts";

export const constantRate =
  (rate: number): Schedule =>
  () =>
    rate;

export interface StepDecayOptions {
  rate: number;
  factor: number;
  period: number;
  /** Decays due before this time are lost, as they are to a warm-up that overrides the rate. */
  from?: number;
}

/** η = rate · factorⁿ, n the multiples of `period` in [from, time] (0 is none). */
export function stepDecay({ rate, factor, period, from = 0 }: StepDecayOptions): Schedule {
  const lost = Math.floor(Math.max(0, from - 1) / period);
  return (time) => rate * factor ** Math.max(0, Math.floor(time / period) - lost);
}

export interface ExponentialOptions {
  rate: number;
  factor: number;
}

/** η = rate · factorᵗ */
export const exponentialDecay =
  ({ rate, factor }: ExponentialOptions): Schedule =>
  (time) =>
    rate * factor ** time;
