/**
 * The regularized incomplete beta function and its inverse in x, for a, b > 0 and 0 ≤ x ≤ 1:
 *
 *   I_x(a, b) = ∫₀ˣ tᵃ⁻¹ (1 − t)ᵇ⁻¹ dt / B(a, b)
 *
 * Good to about 1e-13 relative for a, b up to thousands, 1e-10 for millions.
 */

/** I_x(a, b), by the continued fraction of DLMF 8.17.22 on the side of the mean where it is quick. */
export function regularizedBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  return x <= (a + 1) / (a + b + 2)
    ? (power(x, a, b) / a) * fraction(x, a, b)
    : 1 - (power(x, a, b) / b) * fraction(1 - x, b, a);
}

/** The x with I_x(a, b) = p: Newton's steps, halving where one would leave the bracket. */
export function inverseRegularizedBeta(p: number, a: number, b: number): number {
  if (p <= 0) return 0;
  if (p >= 1) return 1;
  let [low, high] = [0, 1];
  let x = a / (a + b);
  for (;;) {
    const tooMuch = regularizedBeta(x, a, b) - p;
    if (tooMuch > 0) high = x;
    else low = x;
    const slope = power(x, a, b) / (x * (1 - x));
    const newton = x - tooMuch / slope;
    if (Math.abs(newton - x) <= 4e-16 * x) return x; // two roundings
    x = newton > low && newton < high ? newton : (low + high) / 2;
    if (x === low || x === high) return x;
  }
}

/**
 * xᵃ (1 − x)ᵇ / B(a, b), with Stirling's formula taken out of all three gamma functions: what is left
 * does not cancel, as their logarithms would for large a and b.
 */
function power(x: number, a: number, b: number): number {
  const n = a + b;
  const exponent = a * Math.log((n * x) / a) + b * Math.log((n * (1 - x)) / b);
  const rest = stirlingRest(n) - stirlingRest(a) - stirlingRest(b);
  return Math.sqrt((a * b) / (2 * Math.PI * n)) * Math.exp(exponent + rest);
}

/** ln Γ(x) − [(x − ½) ln x − x + ½ ln 2π]: asymptotic from 10 on, by Γ(x + 1) = x Γ(x) below. */
function stirlingRest(x: number): number {
  let sum = 0;
  for (; x < 10; x++) sum += (x + 0.5) * Math.log1p(1 / x) - 1;
  const y = 1 / (x * x);
  const series =
    1 / 12 - y * (1 / 360 - y * (1 / 1260 - y * (1 / 1680 - y * (1 / 1188 - (691 / 360360) * y))));
  return sum + series / x;
}

/** 1 / (1 + d₁/(1 + d₂/(1 + …))), forward, after Lentz 1976 (doi:10.1364/AO.15.000668). */
function fraction(x: number, a: number, b: number): number {
  const tiny = 1e-300; // instead of a zero that would be divided by
  const step = (d: number, previous: number) => 1 + d / previous || tiny;
  let [c, inverse] = [1, 1 / step((-(a + b) * x) / (a + 1), 1)];
  let value = inverse;
  for (let m = 1; ; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    inverse = 1 / (1 + even * inverse || tiny);
    c = step(even, c);
    value *= c * inverse;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    inverse = 1 / (1 + odd * inverse || tiny);
    c = step(odd, c);
    value *= c * inverse;
    if (Math.abs(c * inverse - 1) < 1e-16 || m > 1e6) return value; // it needs about √max(a, b)
  }
}
