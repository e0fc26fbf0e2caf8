/**
 * How many of how many, and how sure that is: the interval of Clopper and Pearson 1934
 * (doi:10.1093/biomet/26.4.404). It holds the true share with at least the stated probability, whatever
 * the share is, and never leaves 0 … 1.
 */
import { ShapeError } from "../../engine/errors.ts";
import { inverseRegularizedBeta } from "./incompleteBeta.ts";

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** A share with its interval; all NaN where total is 0. */
export interface Proportion extends Interval {
  readonly passed: number;
  readonly total: number;
  readonly value: number; // passed / total
}

/** What the tracking papers call a 68 % interval. */
const usualLevel = 0.68;

/**
 * The interval of passed / total: of `low`, so many or more would pass with probability (1 − level)/2;
 * of `high`, so many or fewer. 0 if none passed, 1 if all did; NaN without trials.
 */
export function clopperPearson(passed: number, total: number, level = usualLevel): Interval {
  if (!(Number.isInteger(passed) && Number.isInteger(total) && passed >= 0 && passed <= total))
    throw new ShapeError(
      `clopperPearson: expected whole numbers 0 ≤ passed ≤ total, got ${passed} of ${total}`,
    );
  if (!(level > 0 && level < 1))
    throw new ShapeError(`clopperPearson(level): expected a number between 0 and 1, got ${level}`);
  if (total === 0) return { low: Number.NaN, high: Number.NaN };
  const tail = (1 - level) / 2;
  const failed = total - passed;
  return {
    low: passed === 0 ? 0 : inverseRegularizedBeta(tail, passed, failed + 1),
    high: failed === 0 ? 1 : inverseRegularizedBeta(1 - tail, passed + 1, failed),
  };
}

/** The share with its interval. */
export function proportion(passed: number, total: number, level = usualLevel): Proportion {
  return { passed, total, value: passed / total, ...clopperPearson(passed, total, level) };
}

/** The share that did not pass. */
export function complement({ passed, total, value, low, high }: Proportion): Proportion {
  return { passed: total - passed, total, value: 1 - value, low: 1 - high, high: 1 - low };
}
