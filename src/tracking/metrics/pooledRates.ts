import type { ClusterRates } from "./clusterMetrics.ts";
import { complement, type Proportion, proportion } from "./proportion.ts";

/** Cluster rates of events taken together, with Clopper–Pearson intervals; NaN where nothing was counted. */
export interface PooledRates {
  readonly perfect: Proportion; // of particles
  readonly doubleMajority: Proportion;
  readonly lhc: Proportion; // of clusters
  readonly fakePerfect: Proportion;
  readonly fakeDoubleMajority: Proportion;
  readonly fakeLhc: Proportion;
}

/**
 * Adds up the counts behind the rates, where a mean over events would give a small event the weight of
 * a large one.
 */
export function pooledRates(events: readonly ClusterRates[]): PooledRates {
  const total = (count: (rates: ClusterRates) => number) =>
    events.reduce((sum, rates) => sum + count(rates), 0);
  const numParticles = total((rates) => rates.numParticles);
  const numClusters = total((rates) => rates.numClusters);
  // a rate is a count divided by another, so that their product is a whole number but for rounding
  const numMatched = (fake: "fakePerfect" | "fakeDoubleMajority" | "fakeLhc") =>
    total((rates) =>
      rates.numClusters === 0 ? 0 : Math.round((1 - rates[fake]) * rates.numClusters),
    );
  const [perfect, doubleMajority, lhc] = (
    ["fakePerfect", "fakeDoubleMajority", "fakeLhc"] as const
  ).map(numMatched);
  return {
    perfect: proportion(perfect, numParticles),
    doubleMajority: proportion(doubleMajority, numParticles),
    lhc: proportion(lhc, numClusters),
    fakePerfect: complement(proportion(perfect, numClusters)),
    fakeDoubleMajority: complement(proportion(doubleMajority, numClusters)),
    fakeLhc: complement(proportion(lhc, numClusters)),
  };
}
