/** Functions that generated JavaScript calls by name, `m.…`; in double precision where that is meant. */
import { float16Bits, float16Value, roundFloat16 } from "../float16.ts";
import { philox } from "../philox.ts";

/** erf to double precision: Taylor series below 2.5, Lentz's continued fraction of erfc above. */
function erf(x: number): number {
  const z = Math.abs(x);
  if (z > 6) return Math.sign(x);
  const square = z * z;
  if (z < 2.5) {
    let [term, sum] = [z, z];
    for (let n = 1; Math.abs(term) > 1e-17 * sum; n++) {
      term *= -square / n;
      sum += term / (2 * n + 1);
    }
    return (Math.sign(x) * 2 * sum) / Math.sqrt(Math.PI);
  }
  let fraction = 0; // erfc(z) = e^(−z²)/√π · 1/(z + (1/2)/(z + (2/2)/(z + …)))
  for (let n = 60; n > 0; n--) fraction = n / 2 / (z + fraction);
  return Math.sign(x) * (1 - Math.exp(-square) / (Math.sqrt(Math.PI) * (z + fraction)));
}

const asFloat = new Float32Array(1);
const asBits = new Uint32Array(asFloat.buffer);

/** Negative numbers grow with falling bits, so all of theirs are turned; positive ones come above them. */
function orderedBits(x: number): number {
  if (Number.isNaN(x)) return 0xffffffff;
  asFloat[0] = x + 0; // −0 is 0
  const [bits] = asBits;
  return (bits & 0x80000000 ? ~bits : bits | 0x80000000) >>> 0;
}

export const jsMath = {
  erf,
  float16Bits,
  float16Value,
  orderedBits,
  philox,
  roundFloat16,
  /** Towards zero, clamped to the range. */
  toI32: (x: number): number => Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, Math.trunc(x))) | 0,
  toU32: (x: number): number => Math.max(0, Math.min(2 ** 32 - 1, Math.trunc(x))) >>> 0,
};
