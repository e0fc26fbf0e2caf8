import type { HostArray, Precision } from "../dtype.ts";

/**
 * What differs between two ways to compute the same results, or undefined if nothing does beyond
 * rounding: each of n ops may add an error of some units in the last place of the largest value.
 */
export function compareResults(
  actual: readonly HostArray[],
  expected: readonly HostArray[],
  numOps: number,
  precision: Precision,
): string | undefined {
  const unit = precision === "f64" ? 2 ** -52 : 2 ** -23;
  for (const [which, a] of actual.entries()) {
    const e = expected[which];
    const isFloat = a instanceof Float32Array || a instanceof Float64Array;
    let largest = 1;
    for (const x of e) if (Number.isFinite(x)) largest = Math.max(largest, Math.abs(x));
    const allowed = isFloat ? 64 * unit * Math.max(16, numOps) * largest : 0;
    for (let i = 0; i < a.length; i++) {
      const isSame = Object.is(a[i], e[i]) || Math.abs(a[i] - e[i]) <= allowed;
      if (!isSame)
        return `expected output ${which} to be ${e[i]} at element ${i}, as without fusion, got ${a[i]} (allowed ±${allowed})`;
    }
  }
  return undefined;
}
