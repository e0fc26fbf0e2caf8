import { ShapeError } from "../engine/errors.ts";
import { philoxBlock } from "../engine/philox.ts";
import { log, sinCos } from "./portableMath.ts";

/** The next number of a stream, uniform in [0, 1). Passed as an argument wherever chance decides. */
export type Rng = () => number;

/**
 * A stream that depends on nothing but its seed: SplitMix, Steele et al. 2014
 * (doi:10.1145/2714064.2660195), with 32 bits of state; 2³² numbers until it repeats.
 */
export function splitMix(seed: number): Rng {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0; // 2³² divided by the golden ratio
    let bits = state;
    bits = Math.imul(bits ^ (bits >>> 16), 0x21f0aaad);
    bits = Math.imul(bits ^ (bits >>> 15), 0x735a2d97);
    return ((bits ^ (bits >>> 15)) >>> 0) / 2 ** 32;
  };
}

/**
 * A stream of a family, from a counter-based generator: the same for the same seed and place, whatever
 * other streams gave, so what happens to one particle changes nothing for the next. 2³⁴ numbers each.
 *
 * `seed`: a whole number below 2⁵³; `place`: two whole numbers below 2³², like event and particle.
 */
export function philoxStream(seed: number, place: readonly [number, number]): Rng {
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new ShapeError(`philoxStream(seed): expected a whole number below 2⁵³, got ${seed}`);
  const [key0, key1] = [seed >>> 0, Math.floor(seed / 2 ** 32)];
  let words = [0, 0, 0, 0];
  let drawn = 0;
  return () => {
    if ((drawn & 3) === 0)
      words = philoxBlock(key0, key1, place[0], place[1], Math.floor(drawn / 4));
    return words[drawn++ & 3] / 2 ** 32;
  };
}

/** An integer from low to high, both included. */
export const randomInteger = (rng: Rng, low: number, high: number): number =>
  low + Math.floor(rng() * (high - low + 1));

/** `count` distinct integers below `size`, in random order: the start of a Fisher–Yates shuffle. */
export function sample(rng: Rng, size: number, count: number): Uint32Array {
  const pool = Uint32Array.from({ length: size }, (_, i) => i);
  for (let i = 0; i < count; i++) {
    const j = randomInteger(rng, i, size - 1);
    [pool[i], pool[j]] = [pool[j], pool[i]];
  }
  return pool.slice(0, count);
}

/** Mean 0, variance 1 (Box & Muller 1958), from two numbers of the stream. */
export const normal = (rng: Rng): number =>
  Math.sqrt(2 * exponential(rng)) * sinCos(2 * Math.PI * rng())[1];

/** Density e to the −x for x ≥ 0. */
export const exponential = (rng: Rng): number => -log(1 - rng());

/** A count with the given mean (Poisson), by exponential waiting times: for small means. */
export function poisson(rng: Rng, mean: number): number {
  let count = 0;
  for (let time = exponential(rng); time < mean; time += exponential(rng)) count++;
  return count;
}
