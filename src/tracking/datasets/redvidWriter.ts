import { type CsvColumns, csvPieces } from "./csvWriter.ts";
import { type RedvidEvent, redvidLayouts } from "./redvid.ts";

const trackTypes = { linear: "linear", curved: "helical_expanding" } as const;
const origins = {
  linear: ["r_0", "theta_0", "z_0"],
  curved: ["radial_const", "azimuthal_const", "pitch_const"],
} as const;

/**
 * Text of a set with the fifteen columns of the published ones; `layerTypes[layer]` names the layers.
 * Tracks start at the origin.
 */
export const writeRedvid = (
  events: Iterable<RedvidEvent>,
  kind: "linear" | "curved",
  layerTypes: readonly string[],
): string => [...redvidPieces(events, kind, layerTypes)].join("");

/** The same in pieces, no more than one event at once. */
export function* redvidPieces(
  events: Iterable<RedvidEvent>,
  kind: "linear" | "curved",
  layerTypes: readonly string[],
): Generator<string> {
  const { separator } = redvidLayouts[kind];
  let hasHeader = true;
  for (const event of events) {
    yield* csvPieces(redvidTable(event, kind, layerTypes), { separator, hasHeader });
    hasHeader = false;
  }
}

function redvidTable(
  { eventId, trackId, layer, track, coordinates }: RedvidEvent,
  kind: "linear" | "curved",
  layerTypes: readonly string[],
): CsvColumns {
  const layerOf = (hit: number) => layer?.[hit] ?? 0;
  const hits = [...trackId.keys()];
  const named = (names: readonly string[], columns: readonly Float64Array[]) =>
    names.map((name, k) => [name, columns[k]] as const);
  const zeros = hits.map(() => 0);
  return {
    event_id: hits.map(() => eventId),
    sub_detector_id: hits.map(layerOf),
    sub_detector_type: hits.map((hit) => layerTypes[layerOf(hit)] ?? "barrel"),
    track_id: trackId,
    track_type: hits.map(() => trackTypes[kind]),
    ...Object.fromEntries(origins[kind].map((name) => [name, zeros])),
    ...Object.fromEntries(named(redvidLayouts[kind].track, track)),
    hit_id: hits,
    ...Object.fromEntries(named(redvidLayouts[kind].coordinates, coordinates)),
  };
}
