/**
 * Reductions over segments: which rows belong to segment s is data, offsets[s] ≤ r < offsets[s+1].
 *
 * Inputs: x [E, …], offsets u32 [S+1], order u32 [E] (the rows of x, segment by segment), target u32
 * [E] (the segment of each row of x). One invocation owns one result and walks its rows in order: no
 * atomics, and the same bits every time. What computes x is computed in that loop.
 */
import type { DType } from "../dtype.ts";
import type { Rule } from "../rule.ts";

export interface SegmentOp {
  lower: Rule;
}

function reduceBy(combine: string, start: Partial<Record<DType, number>>): Rule {
  return function* lower(context, expr, index) {
    const { build } = context;
    const [x, offsets, order] = expr.inputs;
    const [segment, ...features] = index;
    const one = build.literal(1, "index");
    const first = yield [offsets, [segment]];
    const end = yield [offsets, [build.let("add", "index", [segment, one])]];
    const [from, to] = [first, end].map((offset) => build.let("cast", "index", [offset]));
    const place = build.place();
    const total = build.accumulator(expr.dtype, start[expr.dtype] ?? 0, [from, to, ...features]);
    const position = build.serial(to, [from, to, ...features], {
      ...{ from, step: one },
      trips: context.ratio(order, expr),
    });
    const row = yield [order, [position]];
    const value = yield [x, [build.let("cast", "index", [row]), ...features]];
    build.accumulate(total, combine, value);
    build.resume(place);
    return total;
  };
}

const largest = 3.4028234663852886e38; // greatest finite f32

export const segments: Readonly<Record<string, SegmentOp>> = {
  segmentSum: { lower: reduceBy("add", { f32: 0, i32: 0, u32: 0 }) },
  segmentMax: { lower: reduceBy("maximum", { f32: -largest, i32: -(2 ** 31), u32: 0 }) },
  segmentMin: { lower: reduceBy("minimum", { f32: largest, i32: 2 ** 31 - 1, u32: 2 ** 32 - 1 }) },
};
