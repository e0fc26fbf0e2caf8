/**
 * Functions whose bits every engine agrees on. The language fixes +, −, ×, ÷ and √ to the last bit, but
 * leaves sin, log, hypot and the like to each engine; a simulation made of these is the same everywhere.
 *
 * Errors are a few units in the last place on the ranges a simulation needs: angles below 10⁶, logarithms
 * of normal numbers. Not for tensors: the engine has functions of its own.
 */

/** √(x² + y²), for numbers whose squares fit a double. */
export const hypot = (x: number, y: number, z = 0): number => Math.sqrt(x * x + y * y + z * z);

/** Value at x of Σ coefficients[k] · xᵏ. */
function polynomial(x: number, coefficients: readonly number[]): number {
  let sum = 0;
  for (let k = coefficients.length - 1; k >= 0; k--) sum = sum * x + coefficients[k];
  return sum;
}

/** 1 / n! with alternating sign, n = first, first + 2, …: the series of sin (1) and cos (0). */
function alternating(first: number, count: number): number[] {
  const terms: number[] = [];
  for (let k = 0, n = first, term = 1; k < count; k++) {
    terms.push(term);
    term /= -(n + 1) * (n + 2);
    n += 2;
  }
  return terms;
}

const sinSeries = alternating(1, 10); // to x¹⁹: 1e-18 at π/4
const cosSeries = alternating(0, 10);
// π/2 in two parts, the first with 33 bits: multiples of it below 2²⁰ are exact
const [halfPiHigh, halfPiLow] = [1.5707963267341256, 6.077100506506192e-11];

/** [sin x, cos x]. */
export function sinCos(x: number): [sin: number, cos: number] {
  const quarter = Math.round(x / (Math.PI / 2));
  const rest = x - quarter * halfPiHigh - quarter * halfPiLow;
  const square = rest * rest;
  const [s, c] = [rest * polynomial(square, sinSeries), polynomial(square, cosSeries)];
  switch (quarter & 3) {
    case 0:
      return [s, c];
    case 1:
      return [c, -s];
    case 2:
      return [-s, -c];
    default:
      return [-c, s];
  }
}

const odd = (count: number, sign: 1 | -1): number[] =>
  Array.from({ length: count }, (_, k) => (k % 2 === 1 ? sign : 1) / (2 * k + 1));
const artanhSeries = odd(11, 1); // to t²¹: 1e-18 at 3 − √8
const arctanSeries = odd(13, -1); // to t²⁵: 1e-18 at tan π/16

/** Natural logarithm of a number above 0. */
export function log(x: number): number {
  let power = 0;
  for (; x > Math.SQRT2; power++) x /= 2;
  for (; x < Math.SQRT1_2; power--) x *= 2;
  const t = (x - 1) / (x + 1); // log x = 2 artanh t
  return power * Math.LN2 + 2 * t * polynomial(t * t, artanhSeries);
}

const expSeries = Array.from({ length: 15 }, (_, n) => {
  let factorial = 1;
  for (let k = 2; k <= n; k++) factorial *= k;
  return 1 / factorial;
});

/** e to the x, for |x| below 700. */
export function exp(x: number): number {
  const power = Math.round(x / Math.LN2);
  let value = polynomial(x - power * Math.LN2, expSeries);
  for (let k = 0; k < power; k++) value *= 2;
  for (let k = 0; k > power; k--) value /= 2;
  return value;
}

/** x to the p, for x above 0. */
export const pow = (x: number, p: number): number => exp(p * log(x));

/** Angle of the point (x, y), in [−π, π]. */
export function atan2(y: number, x: number): number {
  const [long, short] = [Math.max(Math.abs(x), Math.abs(y)), Math.min(Math.abs(x), Math.abs(y))];
  if (long === 0) return 0;
  let t = short / long;
  for (let halved = 0; halved < 2; halved++) t /= 1 + Math.sqrt(1 + t * t); // half the angle
  const angle = 4 * t * polynomial(t * t, arctanSeries);
  const first = Math.abs(y) > Math.abs(x) ? Math.PI / 2 - angle : angle;
  const upper = x < 0 ? Math.PI - first : first;
  return y < 0 ? -upper : upper;
}

/** arccos, in [0, π]. */
export const acos = (x: number): number => atan2(Math.sqrt(Math.max(0, (1 - x) * (1 + x))), x);

/** Angle in [−π, π) that points the same way; for angles within a few turns. */
export function wrapAngle(angle: number): number {
  return angle - 2 * Math.PI * Math.floor((angle + Math.PI) / (2 * Math.PI));
}

/** asinh x = log(x + √(x² + 1)): the pseudorapidity of a direction with pz / pt = x. */
export const asinh = (x: number): number =>
  x < 0 ? -log(-x + Math.sqrt(x * x + 1)) : log(x + Math.sqrt(x * x + 1));
