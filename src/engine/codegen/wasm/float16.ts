/** IEEE binary16 from and to f32, four at a time, by integers: engines have no instructions for it. */
import { type Code, shared } from "./code.ts";
import { f32x4, i32x4, v128 } from "./instructions.ts";

const { and, or, select } = v128;
const shift = (count: number): Code => [0x41, count]; // i32.const, below 64

/** The values of patterns in the low halves of words. Exact, also below the least normal number. */
export function float16Values(patterns: Code): Code {
  const bits = shared(patterns);
  const magnitude = shared(and(bits, i32x4.const(0x7fff)));
  // fraction and exponent in their places, but the exponent biased by 15 instead of 127
  const scaled = f32x4.mul(i32x4.shl(magnitude, shift(13)), f32x4.const(2 ** 112));
  const isSpecial = i32x4.geU(magnitude, i32x4.const(0x7c00)); // infinity or NaN
  const value = or(scaled, and(isSpecial, i32x4.const(0x7f800000)));
  return or(value, i32x4.shl(and(bits, i32x4.const(0x8000)), shift(16)));
}

/** Patterns of the nearest values; of two that are as near, the one whose last bit is 0. */
export function float16Patterns(values: Code): Code {
  const bits = shared(values);
  const magnitude = shared(and(bits, i32x4.const(0x7fffffff)));
  // adding ½ leaves multiples of 2⁻²⁴, the least positive value, and rounds to the nearest of them
  const tiny = i32x4.sub(f32x4.add(magnitude, f32x4.const(0.5)), f32x4.const(0.5));
  // just under half a unit and the last kept bit: ties go to even; then the exponent is biased by 15
  const last = and(i32x4.shrU(magnitude, shift(13)), i32x4.const(1));
  const rebias = i32x4.const(0xfff - 0x38000000);
  const normal = i32x4.shrU(i32x4.add(i32x4.add(magnitude, rebias), last), shift(13));
  const finite = select(i32x4.ltU(magnitude, i32x4.const(0x38800000)), tiny, normal);
  const isLarge = i32x4.geU(magnitude, i32x4.const(0x477ff000)); // from 65520 on
  const isUndefined = i32x4.gtU(magnitude, i32x4.const(0x7f800000));
  const some = select(isLarge, i32x4.const(0x7c00), finite);
  const all = select(isUndefined, i32x4.const(0x7e00), some);
  return or(all, and(i32x4.shrU(bits, shift(16)), i32x4.const(0x8000)));
}
