import { takeRows } from "../columns.ts";
import type { Event, Truth } from "../event.ts";
import { type CsvColumns, writeCsv } from "./csvWriter.ts";
import type { Detectors } from "./detectors.ts";

/** What the name of each file of an event ends in. */
export type TrackmlTable = "hits" | "cells" | "particles" | "truth";

/** Text of each file of an event that it has data for. */
export type TrackmlFiles = Partial<Record<TrackmlTable, string>>;

/** Files that `readTrackml` reads back as the same event: numbers keep every digit. */
export const writeTrackml = (event: Event): TrackmlFiles =>
  Object.fromEntries(
    Array.from(trackmlTables(event), ([table, columns]) => [table, writeCsv(columns)]),
  );

/** The tables of these files, one after the other, for `csvPieces`. */
export function* trackmlTables(event: Event): Generator<[name: TrackmlTable, CsvColumns]> {
  const { hits, cells, particles, truth } = event;
  yield [
    "hits",
    {
      hit_id: hits.hitId,
      x: hits.x,
      y: hits.y,
      z: hits.z,
      volume_id: hits.volume,
      layer_id: hits.layer,
      module_id: hits.module,
    },
  ];
  if (cells) {
    const { hit, ch0, ch1, value } = cells;
    yield ["cells", { hit_id: hit.map((row) => hits.hitId[row]), ch0, ch1, value }];
  }
  if (particles) {
    const { particleId, particleType, vx, vy, vz, px, py, pz, q, numHits } = particles;
    const type = particleType && { particle_type: particleType };
    yield [
      "particles",
      { particle_id: particleId, ...type, vx, vy, vz, px, py, pz, q, nhits: numHits },
    ];
  }
  if (truth) yield ["truth", truthTable(event, truth)];
}

/** Hits that nothing is known of have no row; what is unknown of a hit is NaN, which is written as nothing. */
function truthTable({ hits, particleIds }: Event, { isKnown, ...truth }: Truth): CsvColumns {
  const rows = Uint32Array.from(isKnown.keys()).filter((hit) => isKnown[hit] === 1);
  const { hitId, particleIndex, ...known } = takeRows({ hitId: hits.hitId, ...truth }, rows);
  const { tx, ty, tz, tpx, tpy, tpz, weight } = known;
  const particleId = new BigUint64Array(rows.length);
  for (let row = 0; row < rows.length; row++) particleId[row] = particleIds[particleIndex[row]];
  return { hit_id: hitId, particle_id: particleId, tx, ty, tz, tpx, tpy, tpz, weight };
}

/** Text of a `detectors.csv`. */
export const writeDetectors = (detectors: Detectors): string =>
  writeCsv(detectors as Readonly<Record<string, Float64Array | Uint32Array>>);
