/**
 * Decimal text → numbers, straight from bytes. Each function reads bytes[start … end) as one number and
 * nothing else: no spaces, no hexadecimal, no "inf" or "nan".
 */

const zero = 48;
const isDigit = (byte: number): boolean => byte >= 48 && byte <= 57;

/** The largest double written out in full has 309 digits; more are no measurement. */
const maxDigits = 400;

// 10^22 is the largest power of ten that a double holds exactly
const powersOfTen = [
  1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17,
  1e18, 1e19, 1e20, 1e21, 1e22,
];

/** The double nearest to `[+-]digits[.digits][e[+-]digits]`; NaN for any other text. */
export function decimal(bytes: Uint8Array, start: number, end: number): number {
  if (end - start > maxDigits) return Number.NaN;
  let at = start;
  const isNegative = bytes[at] === 45;
  if (isNegative || bytes[at] === 43) at++;
  let mantissa = 0;
  const whole = at;
  for (; at < end && isDigit(bytes[at]); at++) mantissa = mantissa * 10 + (bytes[at] - zero);
  let numDigits = at - whole;
  let exponent = 0;
  if (at < end && bytes[at] === 46) {
    const fraction = ++at;
    for (; at < end && isDigit(bytes[at]); at++) mantissa = mantissa * 10 + (bytes[at] - zero);
    numDigits += at - fraction;
    exponent = fraction - at;
  }
  if (numDigits === 0) return Number.NaN;
  if (at < end && (bytes[at] | 32) === 101) {
    const hasPlus = bytes[at + 1] === 43;
    const power = integer(bytes, hasPlus ? at + 2 : at + 1, end);
    if (Number.isNaN(power) || (hasPlus && bytes[at + 2] === 45)) return Number.NaN;
    exponent += power;
    at = end;
  }
  if (at !== end) return Number.NaN;
  const scale = powersOfTen[Math.abs(exponent)];
  // two exact factors and a single rounding; longer numbers leave the work to the language
  if (mantissa > 2 ** 53 || scale === undefined) return Number(asciiIn(bytes, start, end));
  const magnitude = exponent < 0 ? mantissa / scale : mantissa * scale;
  return isNegative ? -magnitude : magnitude;
}

/** The integer `[-]digits`, exact below 2^53; NaN for any other text. */
export function integer(bytes: Uint8Array, start: number, end: number): number {
  const first = bytes[start] === 45 ? start + 1 : start;
  if (first >= end) return Number.NaN;
  let value = 0;
  for (let at = first; at < end; at++) {
    if (!isDigit(bytes[at])) return Number.NaN;
    value = value * 10 + (bytes[at] - zero);
  }
  return first > start ? -value : value;
}

/** An integer from 0 to 2^64 − 1, exact; undefined for any other text. */
export function unsigned64(bytes: Uint8Array, start: number, end: number): bigint | undefined {
  const numDigits = end - start;
  const split = Math.max(start, end - 15); // 15 digits always fit a double
  if (numDigits > 20 || !isDigit(bytes[start]) || !isDigit(bytes[split])) return undefined;
  const low = integer(bytes, split, end);
  const high = split > start ? integer(bytes, start, split) : 0;
  if (Number.isNaN(low) || Number.isNaN(high)) return undefined;
  const value = high === 0 ? BigInt(low) : BigInt(high) * 1_000_000_000_000_000n + BigInt(low);
  return value < 1n << 64n ? value : undefined;
}

const asciiIn = (bytes: Uint8Array, start: number, end: number): string =>
  new TextDecoder().decode(bytes.subarray(start, end));
