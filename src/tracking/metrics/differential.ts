/**
 * Cluster rates in bins of pt or η, averaged over events.
 *
 *   mean over events that have the rate;  error = sample standard deviation / √(number of events)
 */
import {
  type ClusterOptions,
  type ClusterRates,
  clusterRates,
  clusterTable,
  type LabelledHits,
} from "./clusterMetrics.ts";
import { type PooledRates, pooledRates } from "./pooledRates.ts";

/** One bin low ≤ value < high. Errors are NaN where fewer than two events have the rate. */
export interface BinnedRates {
  readonly low: number;
  readonly high: number;
  readonly mean: ClusterRates;
  readonly error: ClusterRates;
  readonly pooled: PooledRates; // all events together
}

export interface VsPtOptions extends ClusterOptions {
  /** As published: η < maxEta without absolute value, so that very negative η is kept. */
  readonly compat?: boolean;
}

/** edges: ascending, GeV. */
export function clusterMetricsVsPt(
  events: readonly LabelledHits[],
  edges: readonly number[],
  options: VsPtOptions = {},
): BinnedRates[] {
  const { maxEta = 4, compat = false } = options;
  const isCentral = (eta: number) => (compat ? eta : Math.abs(eta)) < maxEta;
  return inBins(events, edges, options, (low, high) => (pt, eta) => {
    return pt >= low && pt < high && isCentral(eta);
  });
}

/** edges: ascending, of signed η; pt ≥ minPt in GeV. */
export function clusterMetricsVsEta(
  events: readonly LabelledHits[],
  edges: readonly number[],
  options: ClusterOptions & { readonly minPt?: number } = {},
): BinnedRates[] {
  const { minPt = 0.9 } = options;
  return inBins(events, edges, options, (low, high) => (pt, eta) => {
    return pt >= minPt && eta >= low && eta < high;
  });
}

type Cut = (pt: number, eta: number) => boolean;

function inBins(
  events: readonly LabelledHits[],
  edges: readonly number[],
  options: ClusterOptions,
  cut: (low: number, high: number) => Cut,
): BinnedRates[] {
  const tables = events.map((hits) => clusterTable(hits, options));
  return edges.slice(0, -1).map((low, bin) => {
    const high = edges[bin + 1];
    const rates = events.map((hits, e) => clusterRates(hits, tables[e], cut(low, high)));
    return { low, high, ...averageRates(rates), pooled: pooledRates(rates) };
  });
}

/** Mean over events that have the rate, and its error; NaN rates are those an event does not have. */
export function averageRates(rates: readonly ClusterRates[]): Pick<BinnedRates, "mean" | "error"> {
  return { mean: perRate(rates, mean), error: perRate(rates, standardError) };
}

function perRate(
  rates: readonly ClusterRates[],
  summary: (values: readonly number[], numEvents: number) => number,
): ClusterRates {
  const names = Object.keys(rates[0] ?? {}) as (keyof ClusterRates)[];
  const summaries = names.map((name) => {
    const values = rates.map((rate) => rate[name]).filter((value) => !Number.isNaN(value));
    return [name, summary(values, rates.length)];
  });
  return Object.fromEntries(summaries);
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

// events without the rate widen no deviation, but they count among the events
function standardError(values: readonly number[], numEvents: number): number {
  const centre = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1) / numEvents);
}
