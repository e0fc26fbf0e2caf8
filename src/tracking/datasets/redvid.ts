/**
 * REDVID sets (Odyurt et al., the simplified detectors of arXiv:2407.07179): one CSV for all events, one row
 * a hit, with the track that made it. Lengths have no unit, angles are rad.
 */
import { FormatError } from "../../engine/errors.ts";
import { rowsByValue, takeRows } from "../columns.ts";
import type { HitSequence } from "../sequence.ts";
import { type ColumnType, lineOf, readCsvPieces, type Schema } from "./csv.ts";
import { type Source, unpackedPieces } from "./gzip.ts";

interface Layout {
  readonly separator: string;
  readonly coordinates: readonly string[]; // of a hit
  readonly track: readonly string[]; // columns of the curve, the same for all its hits
  readonly parameters: (...track: number[]) => number[]; // what a regressor learns
}

/** Straight tracks in a plane, straight tracks from the origin, and helices that expand. */
export const redvidLayouts = {
  "2d": {
    separator: ",",
    coordinates: ["hit_x", "hit_y"],
    track: ["slope"],
    parameters: (slope) => [slope],
  },
  linear: {
    separator: ";",
    coordinates: ["hit_r", "hit_theta", "hit_z"],
    track: ["r_d", "theta_d", "z_d"],
    parameters: (r, theta, z) => [Math.PI / 2 - Math.atan2(z, r), Math.sin(theta), Math.cos(theta)],
  },
  curved: {
    separator: ";",
    coordinates: ["hit_r", "hit_theta", "hit_z"],
    track: ["radial_coeff", "azimuthal_coeff", "pitch_coeff"],
    parameters: (radial, azimuthal, pitch) => [radial, pitch, azimuthal],
  },
} as const satisfies Record<string, Layout>;

export type RedvidKind = keyof typeof redvidLayouts;

/** The hits of one event in file order [H]. */
export interface RedvidEvent {
  readonly kind: RedvidKind;
  readonly eventId: number;
  readonly trackId: Int32Array; // counts in the event; no noise
  readonly layer: Uint32Array | undefined; // sub-detector; not in every file
  readonly coordinates: readonly Float64Array[]; // x, y or r, theta, z
  readonly track: readonly Float64Array[]; // columns of the curve behind each hit
}

/** Reads a set, plain or gzip, into events by number; `file` is the name used in messages. */
export async function readRedvid(
  source: Source,
  kind: RedvidKind,
  file: string,
): Promise<RedvidEvent[]> {
  const where = `readRedvid: ${file}`;
  const { separator, coordinates, track } = redvidLayouts[kind];
  const numbers = [...coordinates, ...track].map((name) => [name, "f64"] as const);
  const schema: Schema = { event_id: "u32", track_id: "i32", ...Object.fromEntries(numbers) };
  const optional = { sub_detector_id: "u32" } as const satisfies Record<string, ColumnType>;
  const pieces = unpackedPieces(source, where);
  const table = await readCsvPieces(pieces, schema, { where, separator, optional });
  const [eventId, trackId] = [table.event_id as Uint32Array, table.track_id as Int32Array];
  if (eventId.length === 0) throw new FormatError(`${where}: expected at least one hit, got none`);
  const negative = trackId.findIndex((id) => id < 0);
  if (negative >= 0)
    throw new FormatError(
      `${where} ${lineOf(negative)} column track_id: expected 0 or more, got ${trackId[negative]}`,
    );
  return rowsByEvent(eventId).map(([id, rows]) => {
    const part = takeRows(table, rows);
    const columns = (names: readonly string[]) => names.map((name) => part[name] as Float64Array);
    return {
      kind,
      eventId: id,
      trackId: part.track_id as Int32Array,
      layer: part.sub_detector_id,
      coordinates: columns(coordinates),
      track: columns(track),
    };
  });
}

/** Rows of each event in file order, events by number. */
function rowsByEvent(eventId: Uint32Array): [eventId: number, rows: Uint32Array][] {
  const events = [...rowsByValue(eventId)].sort(([a], [b]) => a - b);
  return events.map(([id, rows]) => [id, Uint32Array.from(rows)]);
}

/** The coordinates of every hit, f32 [H, 2 or 3], as a regressor reads them. */
export const redvidHits = ({ coordinates }: RedvidEvent): HitSequence =>
  sequenceOf(coordinates[0].length, (hit) => coordinates.map((values) => values[hit]));

/**
 * What a regressor learns of every hit's track, f32 [H, 1 or 3]: its slope (2d); (θ, sin φ, cos φ) with
 * θ = π/2 − atan2(z_d, r_d) (linear); radial, pitch and azimuthal coefficient (curved).
 */
export function redvidParameters({ kind, track }: RedvidEvent): HitSequence {
  const parameters: Layout["parameters"] = redvidLayouts[kind].parameters;
  return sequenceOf(track[0].length, (hit) => parameters(...track.map((values) => values[hit])));
}

/** Cartesian coordinates of every hit, f64 [H] each; z = 0 in the plane. */
export function redvidPositions({ kind, coordinates }: RedvidEvent) {
  const [first, second, z = new Float64Array(first.length)] = coordinates;
  if (kind === "2d") return { x: first, y: second, z };
  const x = first.map((r, hit) => r * Math.cos(second[hit]));
  const y = first.map((r, hit) => r * Math.sin(second[hit]));
  return { x, y, z };
}

function sequenceOf(numHits: number, rowOf: (hit: number) => number[]): HitSequence {
  const rows = Array.from({ length: numHits }, (_, hit) => rowOf(hit));
  const numFeatures = rows[0]?.length ?? 0;
  return { features: Float32Array.from(rows.flat()), numHits, numFeatures };
}
