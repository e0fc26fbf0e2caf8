import { ShapeError } from "../../engine/errors.ts";
import { Event, selectHits } from "../event.ts";
import { hitCoordinate } from "../features/coordinates.ts";
import { rotateEvent } from "../features/rotate.ts";

export interface SectorOptions {
  /** Turn each sector so that its middle is at azimuth 0: to a model, all are then alike. */
  readonly isCentered?: boolean;
}

/**
 * The event in `count` equal sectors of azimuth from −π on, named `<event>-phi0`, `<event>-phi1`, …; each
 * hit is in one of them, so tracks that cross from one into the next are cut in two.
 */
export function azimuthSectors(
  event: Event,
  count: number,
  { isCentered = false }: SectorOptions = {},
): Event[] {
  if (!Number.isInteger(count) || count < 1)
    throw new ShapeError(`azimuthSectors(count): expected a whole number ≥ 1, got ${count}`);
  const phi = hitCoordinate(event.hits, "phi");
  const sectorOf = (hit: number) =>
    Math.min(count - 1, Math.floor(((phi[hit] + Math.PI) / (2 * Math.PI)) * count)); // π is in the last
  const rows = Array.from({ length: count }, (): number[] => []);
  for (let hit = 0; hit < event.numHits; hit++) rows[sectorOf(hit)].push(hit);
  return rows.map((ofSector, s) => {
    const sector = new Event({ ...selectHits(event, ofSector), name: `${event.name}-phi${s}` });
    return isCentered ? rotateEvent(sector, Math.PI - ((s + 0.5) * 2 * Math.PI) / count) : sector;
  });
}
