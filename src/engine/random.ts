import { jsMath } from "./codegen/math.ts";
import { DTypeError } from "./errors.ts";
import { type Shape, sizeOf } from "./shape.ts";
import { record, type Tensor } from "./tensor.ts";

/** 64 bits that decide a stream of random numbers. */
type Key = readonly [low: number, high: number];

/**
 * Random tensors from a counter-based generator, Philox 4×32-10 (Salmon et al. 2011,
 * doi:10.1145/2063384.2063405). Element i of draw n is a function of (seed, n, i) alone: the same
 * bits on every backend, and nothing is stored to draw them again.
 */
export class Rng {
  private readonly key: Key;
  private draws = 0;

  /** `seed`: a whole number below 2⁵³. */
  constructor(seed: number | Key) {
    if (typeof seed === "number" && !(Number.isSafeInteger(seed) && seed >= 0))
      throw new DTypeError(`Rng(seed): expected a whole number below 2⁵³, got ${seed}`);
    this.key = typeof seed === "number" ? [seed >>> 0, Math.floor(seed / 2 ** 32)] : seed;
  }

  /** An independent generator; child k of one seed is always the same, and takes no draw. */
  split(child: number): Rng {
    // keys come from blocks that `bits` never uses: there, the last word of the counter is 0
    const [low, high] = [0, 1].map((word) => jsMath.philox(...this.key, child >>> 0, 1, word));
    return new Rng([low, high]);
  }

  /** @internal Takes a draw without drawing: the two words of the key, and the draw's number. */
  take(): [key0: number, key1: number, draw: number] {
    return [...this.key, this.draws++ >>> 0];
  }

  /** 32 random bits per element, u32. */
  bits(shape: Shape): Tensor {
    const values = [...this.take(), 0];
    return record("randomBits", [], [sizeOf(shape)], "u32", { values }).reshape(shape);
  }

  /** Uniform in [low, high), in steps of 2⁻²⁴ of the range; beyond [0, 1), rounding may give `high`. */
  uniform(shape: Shape, low = 0, high = 1): Tensor {
    const unit = this.bits(shape)
      .div(256)
      .cast("f32")
      .mul(2 ** -24);
    return low === 0 && high === 1 ? unit : unit.mul(high - low).add(low);
  }

  /** Mean 0, variance 1 (Box & Muller 1958): √(−2 log u) · cos 2πv. */
  normal(shape: Shape): Tensor {
    const radius = this.uniform(shape).neg().log1p().mul(-2).sqrt(); // 1 − u is never 0
    return radius.mul(
      this.uniform(shape)
        .mul(2 * Math.PI)
        .cos(),
    );
  }
}
