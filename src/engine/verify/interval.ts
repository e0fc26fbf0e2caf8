/**
 * Interval arithmetic: every number that a value may turn out to be when each op on the way to it
 * has rounded. A result outside is no rounding error; no tolerance has to be chosen.
 *
 * Bounds are numbers in double precision. Where nothing can be said (x / 0, a logarithm of something
 * that may be negative) the interval is everything.
 */
import { scalarFunction } from "../codegen/js.ts";
import type { DType } from "../dtype.ts";
import { elementwise } from "../ops/elementwise.ts";

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** How far a device may be off. */
export interface Rounding {
  /** Of one arithmetic op, relative to its result. */
  unit: number;
  /** Greatest and least number above 0 that floats hold. */
  largest: number;
  least: number;
  /** Whether functions are those of WGSL, which are good to the `error` of their row only. */
  isWgsl: boolean;
}

export const point = (x: number): Interval => ({ low: x, high: x });
export const everything: Interval = { low: -Infinity, high: Infinity };

const isPoint = ({ low, high }: Interval): boolean => low === high;
const magnitude = ({ low, high }: Interval): number => Math.max(Math.abs(low), Math.abs(high));

/** What the device stores for an exact result within `exact`: `slack` on both sides, and its range. */
export function rounded(exact: Interval, slack: number, { largest, least }: Rounding): Interval {
  let [low, high] = [exact.low - slack, exact.high + slack];
  if (Number.isNaN(low) || Number.isNaN(high)) return everything;
  if (low > largest) low = largest;
  if (high > largest) high = Infinity;
  if (high < -largest) high = -largest;
  if (low < -largest) low = -Infinity;
  // below the least normal number, anything may happen to the last digits
  if (low !== 0 && Math.abs(low) < least) low = low > 0 ? 0 : -least;
  if (high !== 0 && Math.abs(high) < least) high = high > 0 ? least : 0;
  return { low, high };
}

/** Σ xᵢ of floats in any order: n terms round at most n times, by a unit of what they add up to in size. */
export function sumOf(terms: readonly Interval[], rounding: Rounding): Interval {
  let [low, high, size] = [0, 0, 0];
  for (const term of terms) {
    low += term.low;
    high += term.high;
    size += magnitude(term);
  }
  const slack = terms.length > 1 ? terms.length * rounding.unit * size : 0;
  return rounded({ low, high }, slack, rounding);
}

type Operands = readonly Interval[];

/**
 * The other ops go up or down in each operand, so their extremes are at the ends of the operands.
 * What these do instead: an interval, or null where the ends are enough after all.
 */
const turning: Readonly<Record<string, (of: Operands, atEnds: () => Interval) => Interval | null>> =
  {
    abs: ([x]) => (x.low < 0 && x.high > 0 ? { low: 0, high: magnitude(x) } : null),
    square: ([x]) => (x.low < 0 && x.high > 0 ? { low: 0, high: magnitude(x) ** 2 } : null),
    // |f″| ≤ 1: between its ends a function leaves their range by at most width² / 8
    sin: ([x], atEnds) => beyond(atEnds(), (x.high - x.low) ** 2 / 8),
    cos: ([x], atEnds) => beyond(atEnds(), (x.high - x.low) ** 2 / 8),
    reciprocal: ([x]) => (hasZero(x) ? everything : null),
    div: ([, y]) => (hasZero(y) ? everything : null),
    rsqrt: ([x]) => (x.low <= 0 ? everything : null),
    pow: ([x, y]) => (x.low <= 0 && !(isPoint(x) && isPoint(y)) ? everything : null),
    mod: ([x, y]) => (isPoint(x) && isPoint(y) ? null : beyond(point(0), magnitude(y))),
    atan2: ([y, x]) => (hasZero(y) && x.low <= 0 ? beyond(point(0), Math.PI) : null),
    equal: ([x, y]) =>
      isPoint(x) && isPoint(y)
        ? null
        : { low: 0, high: x.low <= y.high && y.low <= x.high ? 1 : 0 },
  };

const hasZero = ({ low, high }: Interval): boolean => low <= 0 && high >= 0;
const beyond = ({ low, high }: Interval, by: number): Interval => ({
  low: low - by,
  high: high + by,
});

/** An elementwise op on operands of dtype `from`; `to` is the dtype of the result. */
export function apply(
  op: string,
  from: DType,
  to: DType,
  operands: Operands,
  rounding: Rounding,
): Interval {
  if (operands.some(({ low }) => Number.isNaN(low))) return everything;
  const f = scalarFunction(op, from, to);
  const atEnds = () => hull(f, operands);
  const special = from === "f32" && op !== "cast" ? turning[op]?.(operands, atEnds) : null;
  const exact = special ?? atEnds();
  if (to !== "f32" || op === "select") return exact;
  return rounded(exact, slackOf(op, operands, exact, rounding), rounding);
}

/** The least and the greatest value at the ends of the operands. */
function hull(f: (...of: number[]) => number, operands: Operands): Interval {
  if (operands.every(isPoint)) return point(f(...operands.map(({ low }) => low)));
  let [low, high] = [Infinity, -Infinity];
  for (let corner = 0; corner < 1 << operands.length; corner++) {
    const y = f(...operands.map((x, which) => ((corner >> which) & 1 ? x.high : x.low)));
    if (Number.isNaN(y)) return everything;
    low = Math.min(low, y);
    high = Math.max(high, y);
  }
  return { low, high };
}

/** Ops whose result is one of their operands, or exact. */
const exactOps = new Set(["neg", "abs", "sign", "floor", "relu", "maximum", "minimum"]);

/** Ops that WGSL rounds as it should. */
const roundedOps = new Set(["add", "sub", "mul", "square", "cast"]);

function slackOf(op: string, operands: Operands, y: Interval, rounding: Rounding): number {
  const size = magnitude(y);
  if (exactOps.has(op) || (op === "cast" && size <= 2 ** 24)) return 0;
  if (roundedOps.has(op)) return rounding.unit * size;
  const { ulps, error, js, wgsl } = elementwise[op];
  const isSeries = js("x", "y", "z").includes("m."); // good to some units in the last place of 1
  if (!rounding.isWgsl) return rounding.unit * (isSeries ? 64 * Math.max(1, size) : 2 * size);
  // exponents of sigmoid end at −80: e⁻⁸⁰ = 2e-35 instead of what is smaller
  if (ulps) return ulps(magnitude(operands[0])) * rounding.unit * size + 2e-35;
  if (error !== undefined) return error * Math.max(1, size);
  if (wgsl?.("x", "y", "z").includes("tg")) return 3e-6 * size; // see codegen/wgsl/math.ts
  return 4 * rounding.unit * size; // division is good to 2.5 units
}
