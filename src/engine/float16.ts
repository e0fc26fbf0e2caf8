/** IEEE binary16: 1 sign, 5 exponent, 10 fraction bits. */
import { DTypeError } from "./errors.ts";

const scratch = new DataView(new ArrayBuffer(4));

/** The value of a bit pattern. */
export function float16Value(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 0x3ff;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24; // subnormal
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** The pattern of the nearest value; of two that are as near, the one whose last bit is 0. */
export function float16Bits(value: number): number {
  scratch.setFloat32(0, value);
  const bits = scratch.getUint32(0);
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00; // NaN
  if (magnitude >= 0x477ff000) return sign | 0x7c00; // from 65520 on: infinity
  if (magnitude < 0x38800000) return sign | roundToEven(Math.abs(value) * 2 ** 24); // subnormal
  // add just under half a unit, and the last kept bit: ties go to even; then rebias the exponent
  return sign | ((magnitude + 0xfff + ((magnitude >>> 13) & 1) - 0x38000000) >>> 13);
}

/** A number as binary16 holds it. */
export const roundFloat16 = (value: number): number => float16Value(float16Bits(value));

/** The largest finite value. */
const largest = 65504;

/** Throws if a finite number would become infinite; `where` names what holds it. */
export function expectFloat16(where: string, data: ArrayLike<number>): void {
  for (let i = 0; i < data.length; i++)
    if (Number.isFinite(data[i]) && !Number.isFinite(roundFloat16(data[i])))
      throw new DTypeError(`${where}: expected numbers within ±${largest} for f16, got ${data[i]}`);
}

function roundToEven(x: number): number {
  const below = Math.floor(x);
  const rest = x - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
}
