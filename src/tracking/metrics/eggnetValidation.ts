/**
 * What EggNet reports while it trains (arXiv:2407.13925 and its code): tracks matched by a strict majority
 * of their hits, whatever their length, with noise as a particle like others.
 */
import { matchingRates } from "./matchingRates.ts";
import type { MatchedHits } from "./trackMatching.ts";

export interface EggnetValidation {
  /** Particles of matched tracks / particles; noise among the former can push it above 1. */
  readonly efficiency: number;
  readonly signalEfficiency: number; // among particles of signal hits (`isTarget`)
  readonly duplicateRate: number; // per signal particle found
  readonly fakeRate: number; // unmatched tracks per matched particle
}

/** One event; `isTarget` [H] marks the signal. */
export function eggnetValidation(hits: MatchedHits): EggnetValidation {
  const rates = matchingRates([hits], { minTrackHits: 1, compat: "eggnet" });
  const isParticle = Array.from(hits.particle, (id) => Number(id > 0));
  const { numParticles } = matchingRates([{ ...hits, isTarget: isParticle }], { minTrackHits: 1 });
  return {
    efficiency: rates.numMatchedParticles / numParticles,
    signalEfficiency: rates.efficiency.value,
    duplicateRate: rates.duplicateRate.value,
    fakeRate: rates.fakeRate.value,
  };
}
