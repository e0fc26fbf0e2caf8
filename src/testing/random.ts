/** Draws the next number, uniform in [0, 1). */
export type Random = () => number;

/** Numbers that depend on the seed alone: mulberry32, a generator of 32 bits of state. */
export function randomFrom(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A whole number from low to high, both included. */
export const whole = (random: Random, low: number, high: number): number =>
  low + Math.floor(random() * (high - low + 1));

/** True this often. */
export const chance = (random: Random, probability = 0.5): boolean => random() < probability;

export const oneOf = <T>(random: Random, choices: readonly T[]): T =>
  choices[whole(random, 0, choices.length - 1)];
