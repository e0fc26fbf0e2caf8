/**
 * What the Transformer Regressor learns from: events as standardised hits, and what it is to say of each.
 */
import { ShapeError } from "../src/engine/errors.ts";
import {
  type RedvidEvent,
  redvidHits,
  redvidParameters,
  redvidPositions,
} from "../src/tracking/datasets/redvid.ts";
import type { Event } from "../src/tracking/event.ts";
import { hitTruth } from "../src/tracking/metrics/trackMetrics.ts";
import type { HitTruth } from "../src/tracking/metrics/trackmlScore.ts";
import {
  type HitSequence,
  hitSequence,
  momenta,
  type Standardisation,
  sequenceRows,
  standardisationOf,
  trackParameters,
} from "../src/tracking/sequence.ts";

export interface RegressorSample {
  readonly name: string;
  /** f32 [H, I] */
  readonly hits: HitSequence;
  /** Where hits are, f64 [H] each; mm in TrackML. */
  readonly positions: Readonly<Record<"x" | "y" | "z", Float64Array>>;
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
  const places = (["x", "y", "z"] as const).map((name) => all((event) => event.hits[name]));
  expectTwo("x, y and z", places[0], events);
  const hits = standardisationOf(places);
  if (!standardisedMomenta) return { hits };
  const known = (["px", "py", "pz", "q"] as const).map((name) =>
    all((event) => momenta(event)[name].filter((value) => !Number.isNaN(value))),
  );
  expectTwo("momenta", known[0], events);
  return { hits, momenta: standardisationOf(known) };
}

/** A spread takes two values. */
function expectTwo(what: string, values: Float64Array, { length }: readonly Event[]): void {
  if (values.length > 1) return;
  const got = length === 0 ? "no events" : `${values.length} in ${length}`;
  throw new ShapeError(
    `regressorScales(events): expected ${what} of two hits or more in the training set, got ${got}`,
  );
}

export function regressorSample(event: Event, scales: RegressorScales): RegressorSample {
  return {
    name: event.name,
    hits: hitSequence(event, scales.hits),
    positions: event.hits,
    targets: trackParameters(event, scales.momenta),
    truth: hitTruth(event),
  };
}

/** The sample of an event of a REDVID set: hits as they are, each of weight 1, particles from 1. */
export function redvidSample(event: RedvidEvent): RegressorSample {
  const { eventId, trackId } = event;
  return {
    name: `event${eventId}`,
    hits: redvidHits(event),
    positions: redvidPositions(event),
    targets: redvidParameters(event),
    truth: {
      particle: trackId.map((id) => id + 1),
      weight: new Float64Array(trackId.length).fill(1),
    },
  };
}

/** Some of the hits of a sample, as an event of their own. */
export function sampleRows(sample: RegressorSample, rows: ArrayLike<number>): RegressorSample {
  const { name, hits, positions, targets, truth } = sample;
  const { x, y, z } = positions;
  const of = (values: ArrayLike<number>) => Float64Array.from(rows, (row) => values[row]);
  return {
    name,
    hits: sequenceRows(hits, rows),
    positions: { x: of(x), y: of(y), z: of(z) },
    targets: sequenceRows(targets, rows),
    truth: { particle: of(truth.particle), weight: of(truth.weight) },
  };
}
