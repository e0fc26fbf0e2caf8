/**
 * Perfect, double-majority and LHC rates of a clustering, as defined by gnn-tracking
 * (Lieret et al. 2023, arXiv:2309.16754), among particles above a pt threshold.
 *
 *   perfect          m = N and m/n > 0.99        per particle
 *   double majority  m/n > ½ and m/N > ½         per particle
 *   LHC              m/n > ¾                     per cluster (a purity)
 *   fake             1 − matched / clusters
 *
 * n hits of the cluster, m of them from its majority particle, which has N hits in the event. Clusters
 * need `minHits` hits and a label of 0 or more.
 */
import { ShapeError } from "../../engine/errors.ts";
import { contingency, countOf, majorities, type Ranks, rank } from "./contingency.ts";

/** What is known of each hit [H]; pt, eta and reconstructable are those of its particle. */
export interface LabelledHits {
  readonly label: ArrayLike<number>; // below 0: in no cluster
  readonly particle: ArrayLike<number>; // an id like others if 0; only the cuts remove noise
  readonly pt: ArrayLike<number>;
  readonly eta: ArrayLike<number>; // NaN for noise
  readonly reconstructable: ArrayLike<number>; // 1 or 0
}

export interface ClusterOptions {
  readonly minHits?: number;
  readonly maxEta?: number;
}

/** One entry per distinct label, negative ones included, ascending. */
export interface ClusterTable {
  readonly label: Float64Array;
  readonly particle: Float64Array; // majority; among equals the smallest
  readonly majorityHits: Uint32Array; // m
  readonly numHits: Uint32Array; // n
  readonly particleHits: Uint32Array; // N, whatever cluster they are in
  readonly isValid: Uint8Array;
  readonly isPerfect: Uint8Array;
  readonly isDoubleMajority: Uint8Array;
  readonly isLhc: Uint8Array;
  readonly pt: Float64Array; // of the majority particle: mean over its hits
  readonly eta: Float64Array;
  readonly reconstructable: Float64Array;
}

/** Rates from 0 to 1, NaN where their denominator is 0. */
export interface ClusterRates {
  readonly numParticles: number;
  readonly numClusters: number;
  readonly perfect: number;
  readonly doubleMajority: number;
  readonly lhc: number;
  readonly fakePerfect: number;
  readonly fakeDoubleMajority: number;
  readonly fakeLhc: number;
}

/** The rates for each pt threshold in GeV: pt ≥ threshold, |η| < maxEta, reconstructable. */
export function clusterMetrics(
  hits: LabelledHits,
  options: ClusterOptions & { readonly ptThresholds?: readonly number[] } = {},
): (ClusterRates & { readonly minPt: number })[] {
  const { ptThresholds = [0, 0.5, 0.9, 1.5], maxEta = 4 } = options;
  const table = clusterTable(hits, options);
  return ptThresholds.map((minPt) => ({
    minPt,
    ...clusterRates(hits, table, (pt, eta) => pt >= minPt && Math.abs(eta) < maxEta),
  }));
}

/** Counts what passes a cut: hits by their own pt and η for particles, majorities for clusters. */
export function clusterRates(
  { particle, pt, eta, reconstructable }: LabelledHits,
  table: ClusterTable,
  passes: (pt: number, eta: number) => boolean,
): ClusterRates {
  const found = new Set<number>();
  for (let h = 0; h < particle.length; h++)
    if (reconstructable[h] > 0 && passes(pt[h], eta[h])) found.add(particle[h]);
  const isCounted = Array.from(table.label, (_, c) =>
    Boolean(table.isValid[c] && table.reconstructable[c] > 0 && passes(table.pt[c], table.eta[c])),
  );
  const count = (flag: Uint8Array) => isCounted.reduce((sum, is, c) => sum + (is ? flag[c] : 0), 0);
  const numParticles = found.size;
  const numClusters = count(table.isValid);
  const numPerfect = count(table.isPerfect);
  const numDoubleMajority = count(table.isDoubleMajority);
  const numLhc = count(table.isLhc);
  return {
    numParticles,
    numClusters,
    perfect: numPerfect / numParticles, // 0/0 is NaN, and a match needs a particle
    doubleMajority: numDoubleMajority / numParticles,
    lhc: numLhc / numClusters,
    fakePerfect: (numClusters - numPerfect) / numClusters,
    fakeDoubleMajority: (numClusters - numDoubleMajority) / numClusters,
    fakeLhc: (numClusters - numLhc) / numClusters,
  };
}

export function clusterTable(hits: LabelledHits, options: ClusterOptions = {}): ClusterTable {
  const { minHits = 3 } = options;
  checkLengths(hits);
  const clusters = rank(hits.label);
  const particles = rank(hits.particle);
  const pairs = contingency(clusters, particles);
  const best = majorities(pairs, clusters.values.length);
  const particleSizes = countOf(particles);
  const numHits = countOf(clusters);
  const majority = best.map((k) => pairs.column[k]); // rank of the particle
  const majorityHits = best.map((k) => pairs.start[k + 1] - pairs.start[k]);
  const particleHits = majority.map((p) => particleSizes[p]);
  const purity = (c: number) => majorityHits[c] / numHits[c];
  const isValid = (c: number) => clusters.values[c] >= 0 && numHits[c] >= minHits;
  const flags = (test: (c: number) => boolean) =>
    Uint8Array.from(majority, (_, c) => (isValid(c) && test(c) ? 1 : 0));
  const ofMajority = (values: Float64Array) => Float64Array.from(majority, (p) => values[p]);
  return {
    label: clusters.values,
    particle: ofMajority(particles.values),
    majorityHits,
    numHits,
    particleHits,
    isValid: flags(() => true),
    // above 100 hits one foreign hit is let pass
    isPerfect: flags((c) => majorityHits[c] === particleHits[c] && purity(c) > 0.99),
    isDoubleMajority: flags((c) => majorityHits[c] > particleHits[c] / 2 && purity(c) > 0.5),
    isLhc: flags((c) => purity(c) > 0.75),
    pt: ofMajority(meanPer(particles, hits.pt)),
    eta: ofMajority(meanPer(particles, hits.eta)),
    reconstructable: ofMajority(meanPer(particles, hits.reconstructable)),
  };
}

/** Mean of a hit value per particle, NaN left out; compensated, so that equal values keep their bits. */
function meanPer(particles: Ranks, values: ArrayLike<number>): Float64Array {
  const sum = new Float64Array(particles.values.length);
  const lost = new Float64Array(sum.length);
  const count = new Uint32Array(sum.length);
  particles.of.forEach((p, hit) => {
    if (Number.isNaN(values[hit])) return;
    const term = values[hit] - lost[p];
    const next = sum[p] + term;
    lost[p] = next - sum[p] - term;
    sum[p] = next;
    count[p]++;
  });
  return sum.map((total, p) => total / count[p]);
}

function checkLengths(hits: LabelledHits): void {
  const numHits = hits.label.length;
  for (const name of ["particle", "pt", "eta", "reconstructable"] as const) {
    if (hits[name].length === numHits) continue;
    const got = `[${hits[name].length}]`;
    throw new ShapeError(`clusterTable(${name}): expected [${numHits}], like label, got ${got}`);
  }
}
