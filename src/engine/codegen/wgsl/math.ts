/**
 * Functions that generated WGSL calls by name, `tg…`.
 *
 * WGSL's own log, sin, cos and tanh are allowed errors up to 2⁻¹¹ and differ between adapters (one
 * returns NaN for tanh(100)), so these are spelled here. They are off by at most, relative to
 * their values over all their ranges,
 *
 *   log 2.5e-7    log1p 4e-7    atan2 5e-7    expm1 2e-6 (below 1)    erf 2e-6    tanh 2.5e-6
 *
 * and sin and cos by 2e-7 up to |x| = 10⁴. exp is WGSL's: 3 + 2|x| units in the last place. No op and
 * no reduction takes a NaN for a number.
 */
import { philoxConstants } from "../../philox.ts";

const [multiply0, multiply1] = philoxConstants.multipliers;
const [weyl0, weyl1] = philoxConstants.steps;

interface Helper {
  uses?: readonly string[];
  code: string;
}

const wgsl: Record<string, Helper> = {
  // As in float16.ts: adapters may round, flush and overflow in ways of their own.
  tgFloat16Bits: {
    code: `fn tgFloat16Bits(x: f32) -> u32 {
  let bits = bitcast<u32>(x);
  let sign = (bits >> 16u) & 0x8000u;
  let magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) { return sign | 0x7e00u; }
  if (magnitude >= 0x477ff000u) { return sign | 0x7c00u; }
  if (magnitude >= 0x38800000u) {
    return sign | ((magnitude + 0xfffu + ((magnitude >> 13u) & 1u) - 0x38000000u) >> 13u);
  }
  if (magnitude < 0x33000000u) { return sign; } // below half of the least subnormal
  let shift = 126u - (magnitude >> 23u); // 14 … 24 bits are cut off
  let fraction = (magnitude & 0x7fffffu) | 0x800000u;
  let kept = fraction >> shift;
  let rest = fraction & ((1u << shift) - 1u);
  let half = 1u << (shift - 1u);
  return sign | (kept + select(0u, 1u, rest > half || (rest == half && (kept & 1u) == 1u)));
}`,
  },
  tgFloat16Value: {
    code: `fn tgFloat16Value(bits: u32) -> f32 {
  let sign = (bits & 0x8000u) << 16u;
  let exponent = (bits >> 10u) & 31u;
  let fraction = bits & 0x3ffu;
  if (exponent == 31u) { return bitcast<f32>(sign | 0x7f800000u | (fraction << 13u)); }
  if (exponent > 0u) { return bitcast<f32>(sign | ((exponent + 112u) << 23u) | (fraction << 13u)); }
  let small = f32(fraction) * 5.9604644775390625e-8; // 2⁻²⁴
  return select(small, -small, sign != 0u);
}`,
  },
  // By bits: WGSL lets compilers assume that there is no NaN, so that x != x may be false of one.
  tgIsNan: {
    code: `fn tgIsNan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }`,
  },
  // WGSL's own functions may take a NaN for a number: max(NaN, 0) for 0, exp(NaN) for infinity
  tgKeepNan: {
    uses: ["tgIsNan"],
    code: `fn tgKeepNan(x: f32, y: f32) -> f32 { return select(y, x, tgIsNan(x)); }`,
  },
  tgExp: {
    uses: ["tgKeepNan"],
    code: `fn tgExp(x: f32) -> f32 { return tgKeepNan(x, exp(x)); }`,
  },
  tgMax: {
    uses: ["tgKeepNan"],
    code: `fn tgMax(x: f32, y: f32) -> f32 { return tgKeepNan(x, tgKeepNan(y, max(x, y))); }`,
  },
  tgMin: {
    uses: ["tgKeepNan"],
    code: `fn tgMin(x: f32, y: f32) -> f32 { return tgKeepNan(x, tgKeepNan(y, min(x, y))); }`,
  },
  // log(1 + f) for 1 + f in [√½, √2]: s = f/(2+f), atanh series in s² with fitted coefficients
  tgLogNear: {
    code: `fn tgLogNear(f: f32) -> f32 {
  let s = f / (2.0 + f);
  let z = s * s;
  let r = z * (0.66666662693 + z * (0.40000972152 + z * (0.28498786688 + z * 0.24279078841)));
  let h = 0.5 * f * f;
  return f - (h - s * (h + r));
}`,
  },
  // x = 2ᵉ m; log x = e log 2 + log m. Of 0 it is −∞, below 0 it is NaN: by bits, because WGSL has no
  // literals for these, and adapters may take its own log(−1) for 0.
  tgLog: {
    uses: ["tgLogNear"],
    code: `fn tgLog(x: f32) -> f32 {
  let bits = bitcast<u32>(x);
  if ((bits & 0x7fffffffu) == 0u) { return bitcast<f32>(bits | 0xff800000u); }
  if (bits == 0x7f800000u) { return x; }
  if (bits > 0x7f800000u) { return bitcast<f32>(bits | 0x7fc00000u); }
  var e = f32(i32(bits >> 23u) - 127);
  var m = bitcast<f32>((bits & 0x007fffffu) | 0x3f800000u);
  if (m > 1.41421356) { m = m * 0.5; e = e + 1.0; }
  return e * 0.693147182 + tgLogNear(m - 1.0);
}`,
  },
  tgLog1p: {
    uses: ["tgLog", "tgLogNear"],
    code: `fn tgLog1p(x: f32) -> f32 {
  if (x > -0.29 && x < 0.41) { return tgLogNear(x); }
  return tgLog(1.0 + x);
}`,
  },
  tgExpm1: {
    code: `fn tgExpm1(x: f32) -> f32 {
  if (abs(x) > 0.4) { return exp(x) - 1.0; }
  return x * (1.0 + x * (0.5 + x * (0.16666667 + x * (0.041666668 + x * (0.0083333333 + x * 0.0013888889)))));
}`,
  },
  // tanh x = t/(t+2) with t = e²ˣ − 1; ±1 to rounding beyond 10
  tgTanh: {
    uses: ["tgIsNan", "tgExpm1"],
    code: `fn tgTanh(x: f32) -> f32 {
  if (tgIsNan(x)) { return x; }
  let t = tgExpm1(2.0 * clamp(x, -10.0, 10.0));
  return t / (t + 2.0);
}`,
  },
  // Abramowitz & Stegun 7.1.26 beyond 0.5 (1.5e-7), Taylor series inside
  tgErf: {
    code: `fn tgErf(x: f32) -> f32 {
  let z = abs(x);
  let q = z * z;
  if (z < 0.5) {
    return 1.1283791671 * x * (1.0 - q * (0.33333333 - q * (0.1 - q * (0.023809524 - q * 0.0046296296))));
  }
  if (z > 5.0) { return sign(x); }
  let t = 1.0 / (1.0 + 0.3275911 * z);
  let p = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return sign(x) * (1.0 - p * exp(-q));
}`,
  },
  // sin of a quarter turn number n plus r, |r| ≤ π/4, by Taylor polynomials
  tgQuarter: {
    code: `fn tgQuarter(r: f32, n: i32) -> f32 {
  let q = r * r;
  let s = r * (1.0 - q * (0.16666667 - q * (0.0083333333 - q * (0.00019841270 - q * 0.0000027557319))));
  let c = 1.0 - q * (0.5 - q * (0.041666668 - q * (0.0013888889 - q * 0.000024801587)));
  let y = select(s, c, (n & 1) == 1);
  return select(y, -y, (n & 2) == 2);
}`,
  },
  // x − n π/2 with π/2 in three parts (Cody & Waite), good for |x| up to some 10⁴
  tgReduce: {
    code: `fn tgReduce(x: f32, n: f32) -> f32 {
  return ((x - n * 1.5703125) - n * 0.00048375129) - n * 7.5497899e-8;
}`,
  },
  tgSin: {
    uses: ["tgReduce", "tgQuarter"],
    code: `fn tgSin(x: f32) -> f32 {
  let n = round(x * 0.63661977);
  return tgQuarter(tgReduce(x, n), i32(n));
}`,
  },
  tgCos: {
    uses: ["tgReduce", "tgQuarter"],
    code: `fn tgCos(x: f32) -> f32 {
  let n = round(x * 0.63661977);
  return tgQuarter(tgReduce(x, n), i32(n) + 1);
}`,
  },
  // arctangent of |y|/|x| by its smaller ratio, then the octant
  tgAtan2: {
    uses: ["tgIsNan"],
    code: `fn tgAtan2(y: f32, x: f32) -> f32 {
  if (tgIsNan(x)) { return x; }
  if (tgIsNan(y)) { return y; }
  let a = abs(x);
  let b = abs(y);
  let high = max(a, b);
  if (high == 0.0) { return select(0.0, 3.14159265, (bitcast<u32>(x) >> 31u) == 1u); }
  var t = min(a, b) / high;
  var shift = 0.0;
  if (t > 0.41421356) { t = (t - 1.0) / (t + 1.0); shift = 0.78539816; }
  let q = t * t;
  var angle = shift + t * (1.0 - q * (0.33333319 - q * (0.19998714 - q * (0.14248343 - q * (0.10630758 - q * 0.0617474)))));
  if (b > a) { angle = 1.57079633 - angle; }
  if (x < 0.0) { angle = 3.14159265 - angle; }
  return select(angle, -angle, y < 0.0);
}`,
  },
  tgPow: {
    uses: ["tgExp", "tgLog"],
    code: `fn tgPow(x: f32, y: f32) -> f32 {
  if (y == 0.0) { return 1.0; }
  if (x == 0.0) { return select(0.0, 3.4028234e38, y < 0.0); }
  let size = tgExp(y * tgLog(abs(x)));
  let isOdd = abs(y - 2.0 * floor(0.5 * y)) == 1.0;
  if (x < 0.0 && floor(y) != y) { return tgLog(x); }
  return select(size, -size, x < 0.0 && isOdd);
}`,
  },
  tgOrderedBits: {
    code: `fn tgOrderedBits(x: f32) -> u32 {
  let bits = bitcast<u32>(x);
  if ((bits & 0x7fffffffu) > 0x7f800000u) { return 0xffffffffu; } // NaN
  if (bits > 0x80000000u) { return ~bits; }
  return (bits & 0x7fffffffu) | 0x80000000u; // -0 is 0
}`,
  },
  // WGSL clamps to the greatest f32 within the range, which is not its end
  tgToI32: {
    code: `fn tgToI32(x: f32) -> i32 { return select(i32(x), 2147483647, x >= 2147483648.0); }`,
  },
  tgToU32: {
    code: `fn tgToU32(x: f32) -> u32 { return select(u32(x), 4294967295u, x >= 4294967296.0); }`,
  },
  tgHighProduct: {
    code: `fn tgHighProduct(a: u32, b: u32) -> u32 {
  let a0 = a & 0xffffu;
  let a1 = a >> 16u;
  let b0 = b & 0xffffu;
  let b1 = b >> 16u;
  let middle = a1 * b0 + ((a0 * b0) >> 16u);
  let carry = a0 * b1 + (middle & 0xffffu);
  return a1 * b1 + (middle >> 16u) + (carry >> 16u);
}`,
  },
  tgPhilox: {
    uses: ["tgHighProduct"],
    code: `fn tgPhilox(key0: u32, key1: u32, counter0: u32, counter1: u32, element: u32) -> u32 {
  var k = vec2u(key0, key1);
  var x = vec4u(element >> 2u, 0u, counter0, counter1);
  for (var round = 0u; round < 10u; round++) {
    let a = vec2u(tgHighProduct(${multiply0}u, x.x), ${multiply0}u * x.x);
    let b = vec2u(tgHighProduct(${multiply1}u, x.z), ${multiply1}u * x.z);
    x = vec4u(b.x ^ x.y ^ k.x, b.y, a.x ^ x.w ^ k.y, a.y);
    k = k + vec2u(${weyl0}u, ${weyl1}u);
  }
  return x[element & 3u];
}`,
  },
};

/** The helper functions that `body` calls, each once, callees first. */
export function wgslHelpers(body: string): string {
  const found: string[] = [];
  const add = (name: string): void => {
    if (found.includes(name)) return;
    for (const callee of wgsl[name].uses ?? []) add(callee);
    found.push(name);
  };
  for (const name of Object.keys(wgsl)) if (body.includes(`${name}(`)) add(name);
  return found.map((name) => wgsl[name].code).join("\n");
}
