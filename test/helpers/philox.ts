/** Philox 4×32-10 a second time, as its paper has it: counter and key as arrays, products as bigints. */
const multiplier = [0xd2511f53n, 0xcd9e8d57n] as const;
const weyl = [0x9e3779b9n, 0xbb67ae85n] as const;

export type Counter = readonly [number, number, number, number];

/** The four words of one block. */
export function philoxBlock(counter: Counter, key: readonly [number, number]): number[] {
  let [c0, c1, c2, c3] = counter.map(BigInt) as [bigint, bigint, bigint, bigint];
  let [k0, k1] = key.map(BigInt) as [bigint, bigint];
  const low = (x: bigint) => x & 0xffffffffn;
  for (let round = 0; round < 10; round++) {
    const [p0, p1] = [multiplier[0] * c0, multiplier[1] * c2];
    [c0, c1, c2, c3] = [(p1 >> 32n) ^ c1 ^ k0, low(p1), (p0 >> 32n) ^ c3 ^ k1, low(p0)];
    [k0, k1] = [low(k0 + weyl[0]), low(k1 + weyl[1])];
  }
  return [c0, c1, c2, c3].map(Number);
}
