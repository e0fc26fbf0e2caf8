import { type Segments, segmentMax, segmentMean, segmentSum } from "../../engine/segments.ts";
import type { Tensor } from "../../engine/tensor.ts";

/** How the rows that arrive at one node become one row; all give 0 where none arrives. */
export const aggregations = {
  sum: segmentSum,
  mean: segmentMean,
  max: (x, segments) => {
    const most = segmentMax(x, segments);
    return most.greater(-1e38).select(most, 0);
  },
} satisfies Record<string, (x: Tensor, segments: Segments) => Tensor>;
export type AggregationName = keyof typeof aggregations;
