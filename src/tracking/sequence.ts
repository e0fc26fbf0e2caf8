/**
 * HitSequence: the hits of one event as rows of numbers, which is what a transformer reads.
 *
 * Order carries no meaning. Rows are padded only when events are put together in a batch.
 */
import { ShapeError } from "../engine/errors.ts";
import { type Event, selectHits } from "./event.ts";
import { particleRowOfHit } from "./particleOfHit.ts";

/** Rows f32 [H, F] of one event. */
export interface HitSequence {
  readonly features: Float32Array;
  readonly numHits: number;
  readonly numFeatures: number;
}

/** B sequences, padded to N rows: features f32 [B, N, F], mask u8 [B, N] with 1 = padding. */
export interface HitBatch {
  readonly features: Float32Array;
  readonly mask: Uint8Array;
  readonly numEvents: number;
  readonly maxHits: number;
  readonly numFeatures: number;
}

/** value → (value − mean) / std, per feature. */
export interface Standardisation {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** x, y, z in mm: with these the published TrackML weights work best; their own were never published. */
export const trackmlStandardisation: Standardisation = { mean: [0, 0, 0], std: [270, 270, 1060] };

/** What published models expect in the features of rows that are no hit. */
export const padValue = -1;

/** x, y, z of every hit, standardised, f32 [H, 3]. */
export function hitSequence(
  { hits }: { readonly hits: Pick<Event["hits"], "x" | "y" | "z"> },
  scale = trackmlStandardisation,
): HitSequence {
  const { x, y, z } = hits;
  return rowsOf(standardised([x, y, z], scale));
}

/**
 * What the Transformer Regressor learns for each hit, f32 [H, 4]: (θ, sin φ, cos φ, q) with
 * θ = arccos(pz / p) and φ = atan2(py, px) of its particle at production. NaN for noise.
 *
 * With a `scale` for (px, py, pz, q), angles are taken of the standardised momenta, as published: they
 * are then no physical angles, but the published weights answer in them.
 */
export function trackParameters(event: Event, scale?: Standardisation): HitSequence {
  const { px, py, pz, q } = momenta(event);
  const [u, v, w, charge] = scale ? standardised([px, py, pz, q], scale) : [px, py, pz, q];
  const theta = w.map((value, h) => Math.acos(value / Math.hypot(u[h], v[h], value)));
  const phi = v.map((value, h) => Math.atan2(value, u[h]));
  return rowsOf([theta, phi.map(Math.sin), phi.map(Math.cos), charge]);
}

/** Production momentum and charge of the particle behind each hit, f64 [H] each; NaN for noise. */
export function momenta(event: Event): Record<"px" | "py" | "pz" | "q", Float64Array> {
  const rows = particleRowOfHit(event);
  const ofHit = (values: Float64Array | undefined) =>
    Float64Array.from(rows, (row) => (row < 0 ? Number.NaN : values![row]));
  const { px, py, pz, q } = event.particles ?? {};
  return { px: ofHit(px), py: ofHit(py), pz: ofHit(pz), q: ofHit(q) };
}

/** Mean and sample standard deviation (n − 1) of each column: the standardisation of that data. */
export function standardisationOf(columns: readonly Float64Array[]): Standardisation {
  const mean = columns.map((values) => values.reduce((sum, x) => sum + x, 0) / values.length);
  const std = columns.map((values, c) => {
    const squares = values.reduce((sum, x) => sum + (x - mean[c]) ** 2, 0);
    return Math.sqrt(squares / (values.length - 1));
  });
  return { mean, std };
}

/** Hits whose particle has minP ≤ |p| < maxP, in GeV (3-D momentum); noise has none. */
export function momentumWindow(event: Event, minP: number, maxP: number): Event {
  const { px, py, pz } = momenta(event);
  const p = px.map((value, h) => Math.hypot(value, py[h], pz[h]));
  const hits = Array.from(p.keys()).filter((hit) => p[hit] >= minP && p[hit] < maxP);
  return selectHits(event, hits);
}

/** The given rows of a sequence, in that order. */
export function sequenceRows(sequence: HitSequence, rows: ArrayLike<number>): HitSequence {
  const { features, numFeatures } = sequence;
  const taken = new Float32Array(rows.length * numFeatures);
  for (let r = 0; r < rows.length; r++) {
    const from = rows[r] * numFeatures;
    taken.set(features.subarray(from, from + numFeatures), r * numFeatures);
  }
  return { features: taken, numHits: rows.length, numFeatures };
}

/** Puts sequences together, padded at the end to the longest, or to `maxHits` rows. */
export function padSequences(
  sequences: readonly HitSequence[],
  options: { readonly maxHits?: number } = {},
): HitBatch {
  const { maxHits = Math.max(0, ...sequences.map(({ numHits }) => numHits)) } = options;
  const numFeatures = sequences[0]?.numFeatures ?? 0;
  const features = new Float32Array(sequences.length * maxHits * numFeatures).fill(padValue);
  const mask = new Uint8Array(sequences.length * maxHits).fill(1);
  sequences.forEach((sequence, b) => {
    if (sequence.numHits > maxHits || sequence.numFeatures !== numFeatures) {
      const got = `[${sequence.numHits}, ${sequence.numFeatures}]`;
      const expected = `at most ${maxHits} rows of ${numFeatures} features`;
      throw new ShapeError(`padSequences(sequences[${b}]): expected ${expected}, got ${got}`);
    }
    features.set(sequence.features, b * maxHits * numFeatures);
    mask.fill(0, b * maxHits, b * maxHits + sequence.numHits);
  });
  return { features, mask, numEvents: sequences.length, maxHits, numFeatures };
}

/** Sequences one after the other, without padding: features f32 [N, F], offsets u32 [B + 1]. */
export interface PackedHits {
  readonly features: Float32Array;
  /** Rows offsets[b] … offsets[b + 1] − 1 are sequence b. */
  readonly offsets: Uint32Array;
  readonly numHits: number;
  readonly numFeatures: number;
}

/** Puts sequences together for attention that sees each event alone. */
export function packSequences(sequences: readonly HitSequence[]): PackedHits {
  const offsets = new Uint32Array(sequences.length + 1);
  sequences.forEach(({ numHits }, b) => {
    offsets[b + 1] = offsets[b] + numHits;
  });
  const numFeatures = sequences[0]?.numFeatures ?? 0;
  const numHits = offsets[sequences.length];
  const features = new Float32Array(numHits * numFeatures);
  sequences.forEach((sequence, b) => {
    if (sequence.numFeatures !== numFeatures)
      throw new ShapeError(
        `packSequences(sequences[${b}]): expected ${numFeatures} features, got ${sequence.numFeatures}`,
      );
    features.set(sequence.features, offsets[b] * numFeatures);
  });
  return { features, offsets, numHits, numFeatures };
}

function standardised(columns: readonly Float64Array[], { mean, std }: Standardisation) {
  return columns.map((values, c) => values.map((value) => (value - mean[c]) / std[c]));
}

/** Columns side by side: f32 [H, F]. */
function rowsOf(columns: readonly Float64Array[]): HitSequence {
  const numHits = columns[0].length;
  const features = new Float32Array(numHits * columns.length);
  columns.forEach((values, f) => {
    for (let h = 0; h < numHits; h++) features[h * columns.length + f] = values[h];
  });
  return { features, numHits, numFeatures: columns.length };
}
