import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { clopperPearson, proportion } from "../../src/tracking/index.ts";
import {
  inverseRegularizedBeta,
  regularizedBeta,
} from "../../src/tracking/metrics/incompleteBeta.ts";
import { expectClose } from "./helpers.ts";

/** P(at least k of n), share x each: one trial after the other, so that nothing cancels or underflows. */
function binomialTail(k: number, n: number, x: number): number {
  const chance = Float64Array.of(1, ...Array(n).fill(0)); // of each number so far
  for (let trial = 1; trial <= n; trial++)
    for (let i = trial; i >= 0; i--)
      chance[i] = chance[i] * (1 - x) + (i > 0 ? chance[i - 1] * x : 0);
  return chance.slice(k).reduce((sum, p) => sum + p, 0);
}

const shares = fc.double({ min: 1e-3, max: 1 - 1e-3, noNaN: true });
const shapes = fc.double({ min: 0.05, max: 2000, noNaN: true });

describe("the incomplete beta function", () => {
  test("is the tail of a binomial distribution", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fc.nat(), shares, (n, which, x) => {
        const k = 1 + (which % n);
        // 1e-12: 200 trials of three roundings each, and as many terms
        expectClose([regularizedBeta(x, k, n - k + 1)], [binomialTail(k, n, x)], 1e-12, "I");
      }),
      { seed: 3 },
    );
  });

  test("has its closed forms", () => {
    for (const x of [1e-9, 0.1, 0.5, 0.9, 1 - 1e-9]) {
      expectClose([regularizedBeta(x, 3, 1)], [x ** 3], 1e-14, "b = 1");
      expectClose([regularizedBeta(x, 1, 4)], [1 - (1 - x) ** 4], 1e-14, "a = 1");
      const arcsine = (2 / Math.PI) * Math.atan2(Math.sqrt(x), Math.sqrt(1 - x));
      expectClose([regularizedBeta(x, 0.5, 0.5)], [arcsine], 1e-13, "arcsine law");
    }
  });

  test("is one minus itself from the other side, and one half in the middle", () => {
    fc.assert(
      fc.property(shapes, shapes, shares, (a, b, x) => {
        const sum = regularizedBeta(x, a, b) + regularizedBeta(1 - x, b, a);
        expectClose([sum], [1], 1e-11, "sum");
        expectClose([regularizedBeta(0.5, a, a)], [0.5], 1e-11, "middle");
      }),
      { seed: 4 },
    );
  });

  test("is undone by its inverse, for a million trials too", () => {
    const large = fc.constantFrom(1, 2, 17, 1e4, 999_999, 1e6);
    fc.assert(
      fc.property(fc.oneof(shapes, large), fc.oneof(shapes, large), shares, (a, b, p) => {
        const x = inverseRegularizedBeta(p, a, b);
        // near 0 and 1 no double has just this share below it
        const [below, above] = [x * (1 - 1e-15), x + 1e-15 * x].map((y) =>
          regularizedBeta(y, a, b),
        );
        const isBetween = below - 1e-9 <= p && p <= above + 1e-9;
        expect(isBetween, `${p} in ${below} … ${above}`).toBe(true);
      }),
      { seed: 5 },
    );
  });
});

describe("clopperPearson", () => {
  test("leaves the stated probability on either side", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.nat(), (total, which) => {
        const passed = which % (total + 1);
        const { low, high } = clopperPearson(passed, total);
        if (passed > 0) expectClose([binomialTail(passed, total, low)], [0.16], 1e-11, "low");
        if (passed < total)
          expectClose([1 - binomialTail(passed + 1, total, high)], [0.16], 1e-11, "high");
        expect(low <= passed / total && passed / total <= high).toBe(true);
      }),
      { seed: 6 },
    );
  });

  test("is one-sided where none or all passed, and open where none was tried", () => {
    expect(clopperPearson(0, 5).low).toBe(0);
    expect(clopperPearson(5, 5).high).toBe(1);
    expectClose([clopperPearson(5, 5).low], [0.16 ** (1 / 5)], 1e-14, "low");
    expect(clopperPearson(0, 0)).toEqual({ low: Number.NaN, high: Number.NaN });
    expect(proportion(1, 4)).toMatchObject({ passed: 1, total: 4, value: 0.25 });
  });

  test("narrows as 1/√n", () => {
    const width = (n: number) => {
      const { low, high } = clopperPearson(n / 2, n);
      return (high - low) * Math.sqrt(n);
    };
    // 0.99446 is the 84 % quantile of a normal distribution; the share's σ is ½/√n
    expectClose([width(1e6)], [0.99446], 2e-3, "width");
  });

  test("refuses what is no count or no level", () => {
    expect(() => clopperPearson(3, 2)).toThrow(
      "clopperPearson: expected whole numbers 0 ≤ passed ≤ total, got 3 of 2",
    );
    expect(() => clopperPearson(0.5, 2)).toThrow("got 0.5 of 2");
    expect(() => clopperPearson(1, 2, 1)).toThrow("clopperPearson(level): expected");
  });
});
