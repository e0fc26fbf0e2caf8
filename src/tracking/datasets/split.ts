/**
 * Random splits of a data set into training, validation and test part, as PyTorch's `random_split` draws
 * them: the same seed gives the parts that published trainings had.
 */
import { ShapeError } from "../../engine/errors.ts";

/**
 * Indices 0 … n − 1 in parts that hold these fractions of them, each floor(n · fraction) long; what
 * is left over goes to the first parts, one each.
 */
export function randomSplit(n: number, fractions: readonly number[], seed: number): Uint32Array[] {
  const sum = fractions.reduce((total, fraction) => total + fraction, 0);
  if (!fractions.every((fraction) => fraction >= 0) || Math.abs(sum - 1) > 1e-9)
    throw new ShapeError(
      `randomSplit(fractions): expected parts of 1, got ${fractions.join(", ")}`,
    );
  const lengths = fractions.map((fraction) => Math.floor(n * fraction));
  const left = n - lengths.reduce((total, length) => total + length, 0);
  for (let part = 0; part < left; part++) lengths[part % lengths.length]++;
  const order = permutation(n, seed);
  let end = 0;
  return lengths.map((length) => {
    end += length;
    return order.slice(end - length, end);
  });
}

/** Fisher–Yates from the front, with the remainder of 32 random bits. */
function permutation(n: number, seed: number): Uint32Array {
  const next = mersenneTwister(seed);
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  for (let i = 0; i < n - 1; i++) {
    const j = i + (next() % (n - i));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

const [size, middle] = [624, 397];

/** 32 random bits at a time: MT19937, Matsumoto & Nishimura 1998 (doi:10.1145/272991.272995). */
function mersenneTwister(seed: number): () => number {
  const state = new Uint32Array(size);
  state[0] = seed;
  for (let i = 1; i < size; i++) {
    const before = state[i - 1] ^ (state[i - 1] >>> 30);
    state[i] = Math.imul(before, 1812433253) + i;
  }
  let at = size;
  const refill = () => {
    for (let i = 0; i < size; i++) {
      const joined = (state[i] & 0x80000000) | (state[(i + 1) % size] & 0x7fffffff);
      const twist = joined & 1 ? 0x9908b0df : 0;
      state[i] = state[(i + middle) % size] ^ (joined >>> 1) ^ twist;
    }
    at = 0;
  };
  return () => {
    if (at === size) refill();
    let bits = state[at++];
    bits ^= bits >>> 11;
    bits ^= (bits << 7) & 0x9d2c5680;
    bits ^= (bits << 15) & 0xefc60000;
    return (bits ^ (bits >>> 18)) >>> 0;
  };
}
