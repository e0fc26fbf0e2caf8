/**
 * Functions of four f32 at once. Polynomials were fitted at Chebyshev points. Largest errors, found
 * over the whole range and tested: relative 2⁻²² for exp, log, log1p and expm1, 2⁻²¹ for sigmoid, softplus and tanh; absolute
 * 3·10⁻⁷ for erf, sin and cos (|x| up to 10⁴) and atan2; pow is exp(y log x), whose error grows with
 * |y log x|.
 */
import { type Code, shared } from "./code.ts";
import { f32x4, i32, i32x4, v128 } from "./instructions.ts";

const { add, sub, mul, div } = f32x4;

/** c₀ + c₁x + c₂x² + … */
const polynomial = (x: Code, coefficients: readonly number[]): Code =>
  coefficients
    .map(f32x4.const)
    .reduceRight((sum: Code | null, c) => (sum === null ? c : add(mul(sum, x), c)), null) as Code;

/** x where it is within the bounds or NaN. */
const clamp = (x: Code, low: number, high: number): Code =>
  f32x4.pmin(f32x4.pmax(x, f32x4.const(low)), f32x4.const(high));

const one = f32x4.const(1);
const half = f32x4.const(0.5);
const signBit = i32x4.const(0x80000000);
const infinity = i32x4.const(0x7f800000);
const nan = i32x4.const(0x7fc00000);

/** 2ⁿ of whole numbers −126 ≤ n ≤ 127. */
const powerOfTwo = (n: Code): Code => i32x4.shl(i32x4.add(n, i32x4.const(127)), [0x41, 23]);

const magic = 12582912; // 1.5 · 2²³: adding it rounds to a whole number in the lowest bits

/**
 * eˣ = (1 + q) · first · second with q = eʳ − 1, x = n log 2 + r and two powers of two, because 2ⁿ
 * alone may be beyond the range where the result is not.
 */
function exponential(x: Code): { q: Code; first: Code; second: Code } {
  const bounded = shared(clamp(x, -104, 89));
  const shifted = shared(add(mul(bounded, f32x4.const(Math.LOG2E)), f32x4.const(magic)));
  const n = shared(sub(shifted, f32x4.const(magic)));
  const whole = shared(i32x4.sub(shifted, f32x4.const(magic)));
  // log 2 in two parts, the first with few bits, so that n times it is exact
  const r = shared(
    sub(sub(bounded, mul(n, f32x4.const(0.693359375))), mul(n, f32x4.const(-2.1219444e-4))),
  );
  const tail = [
    0.5, 0.16666576894606644, 0.041666554498415775, 0.008363194882414085, 0.0013926203361473806,
  ];
  const q = shared(add(r, mul(mul(r, r), polynomial(r, tail))));
  const lower = shared(i32x4.shrS(whole, [0x41, 1]));
  const first = shared(powerOfTwo(lower));
  const second = shared(powerOfTwo(i32x4.sub(whole, lower)));
  return { q, first, second };
}

export function exp(x: Code): Code {
  const { q, first, second } = exponential(x);
  return mul(mul(add(q, one), first), second);
}

/**
 * eˣ for x ≤ 87, 0 below −87: two thirds of the instructions of `exp`, for weights, which are exponentials of
 * differences. The result is off by (|x| + 3) · 2⁻²³ of itself at most, like those differences themselves.
 */
export function expOfDifference(x: Code): Code {
  const t = shared(mul(x, f32x4.const(Math.LOG2E)));
  const shifted = shared(add(t, f32x4.const(magic)));
  const r = shared(sub(t, sub(shifted, f32x4.const(magic))));
  const power = [
    1, 0.693146977595027, 0.2402224208257707, 0.055507337492018666, 0.009671512768006037,
    0.0013264725406831046,
  ];
  // the whole part of t, in the lowest bits of `shifted`, becomes part of the exponent
  const scaled = i32x4.add(polynomial(r, power), i32x4.shl(shifted, [0x41, 23]));
  return v128.andNot(scaled, f32x4.lt(t, f32x4.const(-125.5)));
}

/** eˣ − 1 = (q · first + (first − 1/second)) · second, exact cancellation included. */
export function expm1(x: Code): Code {
  const { q, first, second } = exponential(x);
  // 1/second: the exponent field of 2ᵐ is m + 127, that of 2⁻ᵐ is 254 less it
  const inverse = i32x4.sub(i32x4.const(254 << 23), second);
  return mul(add(mul(q, first), sub(first, inverse)), second);
}

/** log(1 + f) + e log 2 for 1 + f in [√½, √2], by s = f/(2 + f) and the series of atanh. */
function logNear(f: Code, e: Code): Code {
  const s = shared(div(f, add(f, f32x4.const(2))));
  const z = shared(mul(s, s));
  const tail = [0.6666666655445465, 0.40000121874501987, 0.2855081687988891, 0.23330574317102962];
  const series = mul(z, polynomial(z, tail));
  const h = shared(mul(mul(half, f), f));
  const low = mul(e, f32x4.const(-2.1219444e-4)); // log 2 in two parts, the larger with few bits
  const near = sub(f, sub(h, add(mul(s, add(h, series)), low)));
  return add(near, mul(e, f32x4.const(0.693359375)));
}

/** x = 2ᵉ (1 + f) with 1 + f in [√½, √2). */
function decompose(x: Code): { e: Code; f: Code } {
  const isTiny = shared(f32x4.lt(x, f32x4.const(2 ** -126)));
  const normal = v128.select(isTiny, mul(x, f32x4.const(2 ** 23)), x);
  const fromRoot = shared(i32x4.sub(normal, f32x4.const(Math.SQRT1_2)));
  const exponent = shared(i32x4.shrS(fromRoot, [0x41, 23]));
  const mantissa = i32x4.add(v128.and(fromRoot, i32x4.const(0x7fffff)), f32x4.const(Math.SQRT1_2));
  const scaled = v128.and(isTiny, i32x4.const(23));
  return {
    e: shared(f32x4.fromI32(i32x4.sub(exponent, scaled))),
    f: shared(sub(mantissa, one)),
  };
}

/** −∞ at 0, ∞ at ∞, NaN below 0. */
function logLimits(x: Code, y: Code): Code {
  const zero = f32x4.const(0);
  const positive = v128.select(f32x4.eq(x, infinity), infinity, y);
  const whole = v128.select(f32x4.eq(x, zero), v128.or(infinity, signBit), positive);
  return v128.select(f32x4.ge(x, zero), whole, nan);
}

export function log(x: Code): Code {
  const { e, f } = decompose(x);
  return logLimits(x, logNear(f, e));
}

export function log1p(x: Code): Code {
  const sum = shared(add(x, one));
  const isNear = shared(v128.and(f32x4.gt(x, f32x4.const(-0.29)), f32x4.lt(x, f32x4.const(0.41))));
  const { e, f } = decompose(sum);
  const near = shared(v128.select(isNear, x, f));
  return logLimits(sum, logNear(near, shared(v128.andNot(e, isNear))));
}

/** t/(t + 2) with t = e²ˣ − 1; ±1 to rounding beyond 10. */
export function tanh(x: Code): Code {
  const t = shared(expm1(mul(clamp(x, -10, 10), f32x4.const(2))));
  return div(t, add(t, f32x4.const(2)));
}

export const sigmoid = (x: Code): Code => div(one, add(one, exp(f32x4.neg(x))));

export const softplus = (x: Code): Code =>
  add(f32x4.pmax(x, f32x4.const(0)), log1p(shared(exp(f32x4.neg(f32x4.abs(x))))));

/** A polynomial below 1; Abramowitz & Stegun 7.1.26 above. */
export function erf(x: Code): Code {
  const z = shared(f32x4.abs(x));
  const square = shared(mul(x, x));
  const inner = [
    1.1283791658483509, -0.37612626666718496, 0.11283594715144046, -0.026854212010072733,
    0.005189087422502057, -0.0008016864279413242, 0.00007875875037281118,
  ];
  const outer = [0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429];
  const t = shared(div(one, add(one, mul(f32x4.const(0.3275911), z))));
  const size = sub(one, mul(mul(t, polynomial(t, outer)), exp(f32x4.neg(square))));
  const signed = v128.or(size, v128.and(x, signBit));
  return v128.select(f32x4.lt(z, one), mul(x, polynomial(square, inner)), signed);
}

/** sin of x + quarters · π/2. */
function wave(x: Code, quarters: number): Code {
  const n = shared(f32x4.nearest(mul(x, f32x4.const(2 / Math.PI))));
  // π/2 in three parts (Cody & Waite), good for |x| up to some 10⁴
  const parts = [1.5703125, 4.83751296997e-4, 7.54978995489e-8];
  const r = shared(parts.reduce((rest, part) => sub(rest, mul(n, f32x4.const(part))), x));
  const q = shared(mul(r, r));
  const sine = add(
    r,
    mul(
      mul(r, q),
      polynomial(q, [-0.16666664661830974, 0.008332748176682076, -0.00019587870583814203]),
    ),
  );
  const cosine = add(
    sub(one, mul(half, q)),
    mul(
      mul(q, q),
      polynomial(q, [0.04166666465901791, -0.0013888302941757916, 0.000024547921745893165]),
    ),
  );
  const turn = shared(i32x4.add(i32x4.truncF32(n), i32x4.const(quarters)));
  const isOdd = i32x4.ne(v128.and(turn, i32x4.const(1)), i32x4.const(0));
  const sign = i32x4.shl(v128.and(turn, i32x4.const(2)), [0x41, 30]);
  return v128.xor(v128.select(isOdd, cosine, sine), sign);
}
export const sin = (x: Code): Code => wave(x, 0);
export const cos = (x: Code): Code => wave(x, 1);

/** Arctangent of the smaller of |y|, |x| by the larger, then the octant. */
export function atan2(y: Code, x: Code): Code {
  const [a, b] = [shared(f32x4.abs(x)), shared(f32x4.abs(y))];
  const high = shared(f32x4.max(a, b));
  const isOrigin = f32x4.eq(high, f32x4.const(0));
  const ratio = shared(div(f32x4.min(a, b), v128.select(isOrigin, one, high)));
  const isSteep = shared(f32x4.gt(ratio, f32x4.const(Math.SQRT2 - 1)));
  const t = shared(v128.select(isSteep, div(sub(ratio, one), add(ratio, one)), ratio));
  const q = shared(mul(t, t));
  const tail = [
    -0.33333331760008034, 0.1999954021693799, -0.14263946357925977, 0.10743631627247408,
    -0.06451597259164836,
  ];
  const angle = add(t, mul(mul(t, q), polynomial(q, tail)));
  const first = shared(add(angle, v128.and(isSteep, f32x4.const(Math.PI / 4))));
  const second = shared(v128.select(f32x4.gt(b, a), sub(f32x4.const(Math.PI / 2), first), first));
  const isLeft = i32x4.ltS(x, i32x4.const(0)); // by its sign bit, as −0 is
  const third = v128.select(isLeft, sub(f32x4.const(Math.PI), second), second);
  return v128.or(third, v128.and(y, signBit));
}

/** |x|ʸ by the logarithm; of a negative x with a whole y. */
export function pow(x: Code, y: Code): Code {
  const zero = f32x4.const(0);
  const size = exp(mul(y, log(shared(f32x4.abs(x)))));
  const halved = shared(mul(y, half));
  const isOdd = f32x4.ne(f32x4.floor(halved), halved); // of a whole y
  const isNegative = shared(f32x4.lt(x, zero));
  const signed = v128.or(size, v128.and(v128.and(isOdd, isNegative), signBit));
  const isWhole = f32x4.eq(f32x4.floor(y), y);
  const defined = v128.select(v128.andNot(isNegative, isWhole), nan, signed);
  return v128.select(f32x4.eq(y, zero), one, defined);
}

/** x − y · trunc(x/y) */
export const mod = (x: Code, y: Code): Code => sub(x, mul(y, f32x4.trunc(div(x, y))));

export const sign = (x: Code): Code => {
  const isNonzero = v128.and(f32x4.ne(x, f32x4.const(0)), f32x4.eq(x, x));
  return v128.select(isNonzero, v128.or(one, v128.and(x, signBit)), x);
};

/** −1, 0 or 1: comparisons give −1 for true. */
export const signOfInteger = (x: Code): Code =>
  i32x4.sub(i32x4.ltS(x, i32x4.const(0)), i32x4.gtS(x, i32x4.const(0)));

/** A u32 for each f32, in the same order: flips all bits of negative numbers, and the sign of others. */
export const orderedBits = (x: Code): Code => {
  const bits = shared(add(x, f32x4.const(0))); // −0 is 0
  const flipped = v128.xor(bits, v128.or(i32x4.shrS(bits, [0x41, 31]), signBit));
  return v128.or(flipped, f32x4.ne(x, x)); // NaN is last
};

/** Applies an operation of numbers to each lane. */
const lanewise =
  (apply: (x: Code, y: Code) => Code) =>
  (x: Code, y: Code): Code => {
    const [a, b] = [shared(x), shared(y)];
    const lane = (which: number) => apply(i32x4.extractLane(a, which), i32x4.extractLane(b, which));
    return [1, 2, 3].reduce(
      (sum, which) => i32x4.replaceLane(sum, which, lane(which)),
      i32x4.splat(lane(0)),
    );
  };

// Division traps at 0, and at −2³¹ / −1: such a divisor is replaced.
const notZero = (y: Code): Code => i32x4.sub(y, i32x4.eq(y, i32x4.const(0)));
const isMinusOne = (y: Code): Code => i32x4.eq(y, i32x4.const(-1));
const safe = (y: Code): Code => v128.select(isMinusOne(y), i32x4.const(1), notZero(y));

export const divideUnsigned = (x: Code, y: Code): Code => lanewise(i32.divU)(x, notZero(y));
export const remainderUnsigned = (x: Code, y: Code): Code => lanewise(i32.remU)(x, notZero(y));
export const divideSigned = (x: Code, y: Code): Code =>
  v128.select(isMinusOne(y), i32x4.neg(x), lanewise(i32.divS)(x, safe(y)));
export const remainderSigned = (x: Code, y: Code): Code => lanewise(i32.remS)(x, safe(y));
