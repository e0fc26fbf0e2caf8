/** How fast EggNet learns, by the keys of its configurations. */
import { cosineRestarts } from "../src/nn/schedules/cosine.ts";
import { plateau } from "../src/nn/schedules/plateau.ts";
import type { Schedule } from "../src/nn/schedules/schedule.ts";
import { stepDecay } from "../src/nn/schedules/step.ts";
import { atLeast, linearWarmup } from "../src/nn/schedules/warmup.ts";

/** The keys of a configuration that decide the learning rate. */
export interface EggNetRates {
  lr: number;
  min_lr?: number;
  /** Epochs. */
  warmup?: number | null | undefined;
  scheduler?: "StepLR" | "ReduceLROnPlateau" | "CosineAnnealingWarmRestarts";
  factor?: number;
  patience?: number;
  metric_mode?: "min" | "max";
}

/** The rate of each epoch: a linear warm-up, then the scheduler, never below `min_lr`. */
export function eggnetSchedule(config: EggNetRates): Schedule {
  const {
    lr: rate,
    scheduler = "StepLR",
    factor = 1,
    patience = 1,
    metric_mode: mode = "min",
  } = config;
  const from = config.warmup ?? 0;
  const schedules: Record<string, () => Schedule> = {
    StepLR: () => stepDecay({ rate, factor, period: patience, from }),
    ReduceLROnPlateau: () => plateau({ rate, factor, patience, mode, from }),
    CosineAnnealingWarmRestarts: () =>
      cosineRestarts({ rate, period: patience, growth: 2, minRate: 1e-8 }),
  };
  return atLeast(
    config.min_lr ?? 0,
    linearWarmup({ rate, duration: from }, schedules[scheduler]()),
  );
}
