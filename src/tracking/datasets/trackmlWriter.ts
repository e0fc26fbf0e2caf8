import type { Event } from "../event.ts";
import { writeCsv } from "./csv.ts";
import type { Detectors } from "./detectors.ts";

/** Text of each file of an event that it has data for, by the end of its name: `hits`, `cells`, …. */
export type TrackmlFiles = Partial<Record<"hits" | "cells" | "particles" | "truth", string>>;

/** Files that `readTrackml` reads back as the same event: numbers keep every digit. */
export function writeTrackml(event: Event): TrackmlFiles {
  const { hits, cells, particles, truth } = event;
  const files: TrackmlFiles = {
    hits: writeCsv({
      hit_id: hits.hitId,
      x: hits.x,
      y: hits.y,
      z: hits.z,
      volume_id: hits.volume,
      layer_id: hits.layer,
      module_id: hits.module,
    }),
  };
  if (cells) {
    const { hit, ch0, ch1, value } = cells;
    files.cells = writeCsv({ hit_id: hit.map((row) => hits.hitId[row]), ch0, ch1, value });
  }
  if (particles) {
    const { particleId, particleType, vx, vy, vz, px, py, pz, q, numHits } = particles;
    const type = particleType && { particle_type: particleType };
    files.particles = writeCsv({
      particle_id: particleId,
      ...type,
      vx,
      vy,
      vz,
      px,
      py,
      pz,
      q,
      nhits: numHits,
    });
  }
  if (truth) files.truth = writeCsv(truthTable(event));
  return files;
}

/** Hits that nothing is known of have no row; what is unknown of a hit is empty. */
function truthTable({
  hits,
  truth,
  particleIds,
}: Event): Record<string, ArrayLike<number | bigint | string>> {
  const known = Array.from(truth!.isKnown.keys()).filter((hit) => truth!.isKnown[hit] === 1);
  const { tx, ty, tz, tpx, tpy, tpz, weight } = truth!;
  const column = (values: Float64Array) =>
    known.map((hit) => (Number.isNaN(values[hit]) ? "" : values[hit]));
  return {
    hit_id: known.map((hit) => hits.hitId[hit]),
    particle_id: known.map((hit) => particleIds[truth!.particleIndex[hit]]),
    tx: column(tx),
    ty: column(ty),
    tz: column(tz),
    tpx: column(tpx),
    tpy: column(tpy),
    tpz: column(tpz),
    weight: column(weight),
  };
}

/** Text of a `detectors.csv`. */
export const writeDetectors = (detectors: Detectors): string =>
  writeCsv(detectors as Readonly<Record<string, Float64Array | Uint32Array>>);
