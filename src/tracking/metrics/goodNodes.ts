import type { NodeTruth } from "../graphs/labelledGraph.ts";

/** Which hits a metric of graphs is about. */
export interface GoodOptions {
  /** pt > minPt (strict, unlike in clusterMetrics), GeV. Default 0.9. */
  readonly minPt?: number;
  /** |η| < maxEta. Default 4. */
  readonly maxEta?: number;
}

/** 1 for hits of reconstructable particles that pass the cuts, u8 [N]; noise never does. */
export function goodNodes(
  { particle, pt, eta, reconstructable }: NodeTruth,
  { minPt = 0.9, maxEta = 4 }: GoodOptions = {},
): Uint8Array {
  return Uint8Array.from({ length: particle.length }, (_, n) =>
    pt[n] > minPt && particle[n] > 0 && reconstructable[n] > 0 && Math.abs(eta[n]) < maxEta ? 1 : 0,
  );
}
