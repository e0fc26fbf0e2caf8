/**
 * Philox 4×32-10 (Salmon et al. 2011, doi:10.1145/2063384.2063405): random bits as a function of a key
 * and a counter. Nothing is kept between calls, so any part of a stream can be had at any time.
 */

export const philoxConstants = {
  multipliers: [0xd2511f53, 0xcd9e8d57],
  steps: [0x9e3779b9, 0xbb67ae85], // Weyl steps of the key
} as const;
const [multiply0, multiply1] = philoxConstants.multipliers;
const [weyl0, weyl1] = philoxConstants.steps;

/** High 32 bits of the product of two 32-bit numbers. */
function highProduct(a: number, b: number): number {
  const [a0, a1, b0, b1] = [a & 0xffff, a >>> 16, b & 0xffff, b >>> 16];
  const middle = a1 * b0 + ((a0 * b0) >>> 16);
  const carry = a0 * b1 + (middle & 0xffff);
  return (a1 * b1 + Math.floor(middle / 65536) + Math.floor(carry / 65536)) >>> 0;
}

type Words = [number, number, number, number];

/** The four words of the block with counter (block, 0, counter0, counter1). */
export function philoxBlock(
  key0: number,
  key1: number,
  counter0: number,
  counter1: number,
  block: number,
): Words {
  let [x0, x1, x2, x3] = [block, 0, counter0, counter1];
  for (let round = 0; round < 10; round++) {
    const [high0, low0] = [highProduct(multiply0, x0), Math.imul(multiply0, x0) >>> 0];
    const [high1, low1] = [highProduct(multiply1, x2), Math.imul(multiply1, x2) >>> 0];
    [x0, x1, x2, x3] = [(high1 ^ x1 ^ key0) >>> 0, low1, (high0 ^ x3 ^ key1) >>> 0, low0];
    key0 = (key0 + weyl0) >>> 0;
    key1 = (key1 + weyl1) >>> 0;
  }
  return [x0, x1, x2, x3];
}

/** Word `element` mod 4 of block element / 4. */
export const philox = (
  key0: number,
  key1: number,
  counter0: number,
  counter1: number,
  element: number,
): number => philoxBlock(key0, key1, counter0, counter1, element >>> 2)[element & 3];
