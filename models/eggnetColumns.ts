/** Columns of the hits of an event, under the names of EggNet's configurations. */
import { FormatError } from "../src/engine/errors.ts";
import type { Detectors } from "../src/tracking/datasets/detectors.ts";
import type { Event } from "../src/tracking/event.ts";
import type { ColumnValues, EventColumns } from "../src/tracking/eventColumns.ts";
import { cellFeatureNames, cellFeatures } from "../src/tracking/features/cellFeatures.ts";
import { coordinates, hitCoordinate, isCoordinate } from "../src/tracking/features/coordinates.ts";
import { hitEta, hitPt } from "../src/tracking/particleOfHit.ts";

/** What conditions and features may name: `hit_` and one of these, or a coordinate. */
const ofHits: Readonly<Record<string, (event: Event) => ColumnValues>> = {
  id: ({ hits }) => hits.hitId,
  volume_id: ({ hits }) => hits.volume,
  layer_id: ({ hits }) => hits.layer,
  module_id: ({ hits }) => hits.module,
  particle_id: ({ particleIds, truth }) =>
    BigUint64Array.from(particleOf(truth), (p) => particleIds[p]),
  particle_pt: (event) => nanForNoise(event, hitPt(event)),
  particle_eta: hitEta,
  particle_nhits: ({ truth }) => hitsOfSame(particleOf(truth)),
};

export const particleOf = (truth: Event["truth"]): Uint32Array =>
  truth?.particleIndex ?? new Uint32Array();

/** A cut on a property of particles removes noise, which has none. */
function nanForNoise({ truth }: Event, values: Float64Array): Float64Array {
  return values.map((value, hit) => (truth?.particleIndex[hit] ? value : Number.NaN));
}

/** How many hits have the particle of each hit; noise is one of them. */
function hitsOfSame(particle: Uint32Array): Uint32Array {
  const count = new Map<number, number>();
  for (const p of particle) count.set(p, (count.get(p) ?? 0) + 1);
  return particle.map((p) => count.get(p) as number);
}

/**
 * The column of an event that a configuration calls `hit_…`: of a file of columns its own, in its own units; of
 * others one of those above. Those of cells need the detectors.
 */
export function hitColumn(event: Event, name: string, detectors?: Detectors): ColumnValues {
  const short = name.replace(/^hit_/, "");
  if (event.columns) return columnOfFile(event, event.columns, short);
  if (isCoordinate(short)) return hitCoordinate(event.hits, short);
  if (Object.hasOwn(ofHits, short)) return ofHits[short](event);
  const which = cellFeatureNames.indexOf(short as CellFeatureName);
  if (which >= 0) return cellColumn(event, which, detectors);
  const known = [...Object.keys(coordinates), ...Object.keys(ofHits), ...cellFeatureNames];
  throw new FormatError(
    `${name}: expected hit_ and one of ${known.join(", ")}, got none of that name`,
  );
}

function columnOfFile(event: Event, { hits }: EventColumns, short: string): ColumnValues {
  if (short === "particle_nhits" && event.truth) return ofHits.particle_nhits(event); // after the cuts
  if (Object.hasOwn(hits, `hit_${short}`)) return hits[`hit_${short}`];
  if (isCoordinate(short)) return hitCoordinate(event.hits, short);
  throw new FormatError(
    `hit_${short}: expected a column of ${event.name} or a coordinate, got none of that name (of ${Object.keys(hits).join(", ")})`,
  );
}

type CellFeatureName = (typeof cellFeatureNames)[number];
const cellsOf = new WeakMap<Event, Float32Array>();

function cellColumn(event: Event, which: number, detectors?: Detectors): Float32Array {
  const name = cellFeatureNames[which];
  if (!detectors)
    throw new FormatError(
      `hit_${name}: expected detectors (detectors.csv beside the events), got none`,
    );
  const table = cellsOf.get(event) ?? cellFeatures(event, detectors);
  cellsOf.set(event, table);
  const width = cellFeatureNames.length;
  return Float32Array.from({ length: event.numHits }, (_, hit) => table[hit * width + which]);
}
