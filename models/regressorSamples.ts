/**
 * What the Transformer Regressor learns from: events as standardised hits, and what it is to say of each.
 */
import type { Event } from "../src/tracking/event.ts";
import { hitTruth } from "../src/tracking/metrics/trackMetrics.ts";
import type { HitTruth } from "../src/tracking/metrics/trackmlScore.ts";
import {
  type HitSequence,
  hitSequence,
  momenta,
  type Standardisation,
  standardisationOf,
  trackParameters,
} from "../src/tracking/sequence.ts";

export interface RegressorSample {
  readonly name: string;
  /** f32 [H, I] */
  readonly hits: HitSequence;
  /** f32 [H, O]; NaN for hits of no track. */
  readonly targets: HitSequence;
  readonly truth: HitTruth;
}

/** Mean and spread of a data set, which belong to the weights that were trained on it. */
export interface RegressorScales {
  /** Of x, y, z. */
  readonly hits: Standardisation;
  /**
   * Of px, py, pz, q: as published, angles are taken of standardised momenta, and are no physical ones.
   * Default: physical angles.
   */
  readonly momenta?: Standardisation;
}

/** Scales of a data set, over all hits with truth. */
export function regressorScales(
  events: readonly Event[],
  { standardisedMomenta = false } = {},
): RegressorScales {
  const all = (column: (event: Event) => Float64Array) =>
    Float64Array.from(events.flatMap((event) => Array.from(column(event))));
  const hits = standardisationOf([
    all((event) => event.hits.x),
    all((event) => event.hits.y),
    all((event) => event.hits.z),
  ]);
  if (!standardisedMomenta) return { hits };
  const known = (["px", "py", "pz", "q"] as const).map((name) =>
    all((event) => momenta(event)[name].filter((value) => !Number.isNaN(value))),
  );
  return { hits, momenta: standardisationOf(known) };
}

export function regressorSample(event: Event, scales: RegressorScales): RegressorSample {
  return {
    name: event.name,
    hits: hitSequence(event, scales.hits),
    targets: trackParameters(event, scales.momenta),
    truth: hitTruth(event),
  };
}
