/** Ops that read no tensor: constants, counting and random bits. */
import type { Rule } from "../rule.ts";

export const sources: Readonly<Record<string, Rule>> = {
  // biome-ignore lint/correctness/useYield: no operand
  *const(context, expr) {
    return context.number(expr, 0, expr.dtype);
  },

  /** y[…, i, …] = i along `axis`. */
  // biome-ignore lint/correctness/useYield: no operand
  *iota(context, expr, index) {
    const position = index[expr.attrs.axis as number] ?? context.build.literal(0, "index");
    return context.build.let("cast", expr.dtype, [position]);
  },

  /** Philox 4×32-10 bits, in row-major order. Values: two words of key, two of counter. */
  *randomBits(context, expr, index) {
    const words = [0, 1, 2, 3].map((which) => context.number(expr, which, "u32"));
    const flat = context.build.let("cast", "u32", [context.flatten(expr, index)]);
    return context.build.let("philox", "u32", [...words, flat]);
  },
};
