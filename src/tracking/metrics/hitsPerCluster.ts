import { countOf, rank } from "./contingency.ts";

export interface HitsPerClusterOptions {
  /** As published: hits in no cluster (labels below 0) are counted as a cluster each label. */
  readonly compat?: boolean;
}

/** Histogram of cluster sizes: entry s is the number of clusters with s + 1 hits. */
export function hitsPerCluster(
  labels: ArrayLike<number>,
  { compat = false }: HitsPerClusterOptions = {},
): Uint32Array {
  const clusters = rank(labels);
  const sizes = countOf(clusters).filter((_, c) => compat || clusters.values[c] >= 0);
  const histogram = new Uint32Array(sizes.reduce((most, size) => Math.max(most, size), 0));
  for (const size of sizes) histogram[size - 1]++;
  return histogram;
}

/**
 * Share of clusters with at least s + 1 hits, in entry s of ten or more.
 *
 * As published (`compat`, keys `hitcountgeq_0001` …) it is something else: the share of clusters with at
 * most s + 1 hits, in reversed order.
 */
export function hitCountFractions(
  histogram: Uint32Array,
  { compat = false }: HitsPerClusterOptions = {},
): Float64Array {
  const padded = new Float64Array(Math.max(10, histogram.length));
  padded.set(histogram);
  const total = padded.reduce((sum, count) => sum + count, 0);
  let atMost = 0;
  const fractions = padded.map((count) => {
    atMost += count;
    return (compat ? atMost : total - atMost + count) / total;
  });
  return compat ? fractions.reverse() : fractions;
}
