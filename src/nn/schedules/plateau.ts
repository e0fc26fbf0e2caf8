import type { Schedule } from "./schedule.ts";

export interface PlateauOptions {
  rate: number;
  factor: number;
  /** Epochs without improvement that are borne; the next one lowers the rate. */
  patience: number;
  /** Which metric is better. */
  mode?: "min" | "max";
  /** Relative: better means below (1 − threshold) · best, or above (1 + threshold) · best. */
  threshold?: number;
  /** Reductions due before this epoch are lost, as they are to a warm-up that overrides the rate. */
  from?: number;
}

const leastChange = 1e-8; // of the rate; smaller reductions are not made

/** Lowers the rate by `factor` when the metric stops improving (PyTorch's ReduceLROnPlateau). */
export function plateau(options: PlateauOptions): Schedule {
  const { rate, factor, patience, mode = "min", threshold = 1e-4, from = 0 } = options;
  return (time, metrics = []) => {
    let lowered = rate;
    let best = mode === "min" ? Infinity : -Infinity;
    let numBad = 0;
    for (const [epoch, metric] of metrics.slice(0, time).entries()) {
      const isBetter =
        mode === "min" ? metric < best * (1 - threshold) : metric > best * (1 + threshold);
      if (isBetter) best = metric;
      numBad = isBetter ? 0 : numBad + 1;
      if (numBad <= patience) continue;
      numBad = 0;
      const isKept = epoch + 1 >= from && lowered - lowered * factor > leastChange;
      if (isKept) lowered *= factor;
    }
    return lowered;
  };
}
