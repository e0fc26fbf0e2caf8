/**
 * Cuts of an event before training, as EggNet makes them: hard cuts on columns, then a slice in azimuth that
 * is as wide as the number of hits asks for. N hits, M true edges.
 */
import { type Conditions, rowsThatMeet } from "../conditions.ts";
import { type EventColumns, takeHitColumns } from "../eventColumns.ts";
import type { Rng } from "../random.ts";
import { atNodes } from "./mapping.ts";

export interface SegmentOptions {
  readonly conditions?: Conditions; // on columns of hits or of true edges
  readonly isSegmented?: boolean; // also a slice in hit_phi
  readonly fraction?: number; // of the circle, to start with: 0.1
  readonly minNodes?: number; // 20
  readonly maxNodes?: number; // no limit
  /** When a slice was too large, look for one with nearly `maxNodes` hits. */
  readonly isWidest?: boolean;
  readonly tolerance?: number; // rad of width at which the search ends: 0.02
  /** How the next slice is chosen: another width around the same azimuth, or another azimuth. */
  readonly method?: "binarySearch" | "resample";
  readonly rng: Rng;
}

export interface Segment {
  readonly event: EventColumns;
  /** False: no cut left the number of hits that was asked for, and the event is as it was, uncut. */
  readonly fits: boolean;
}

const mostTries = 200; // `resample` would go on for ever where no slice fits

/** Cuts an event; `hit_particle_nhits`, where it has that column, counts the hits that are left. */
export function segmentEvent(event: EventColumns, options: SegmentOptions): Segment {
  const { conditions = {}, isSegmented = false, fraction = 0.1, tolerance = 0.02, rng } = options;
  const { maxNodes = Infinity, isWidest = false, method = "binarySearch" } = options;
  const circle = 2 * Math.PI;
  let { minNodes = 20 } = options;
  let middle = circle * rng();
  let [low, high, width] = [0, circle, circle * fraction];
  for (let tries = 0; high - low >= tolerance && tries < mostTries; tries++) {
    const slice: Conditions = isSegmented ? { hit_phi: sliceAround(middle, width) } : {};
    const kept = rowsKept(event, { ...conditions, ...slice });
    const isUnder = kept.length < minNodes;
    if (!isUnder && kept.length <= maxNodes)
      return { event: recounted(takeHitColumns(event, kept)), fits: true };
    if (!isSegmented) break; // nothing that the search changes
    if (method === "resample") {
      middle = circle * rng();
      continue;
    }
    if (isUnder) low = width;
    else {
      high = width;
      if (isWidest) minNodes = 0.95 * maxNodes;
    }
    width = (low + high) / 2;
  }
  return { event: recounted(event), fits: false };
}

/** From middle − width/2 to middle + width/2, the ends wrapped into [−π, π). */
function sliceAround(middle: number, width: number): Conditions[string] {
  const wrap = (angle: number) =>
    angle - 2 * Math.PI * Math.floor((angle + Math.PI) / (2 * Math.PI));
  const [low, high] = [wrap(middle - width / 2), wrap(middle + width / 2)];
  return low < high ? [low, high] : ["not_within", [high, low]];
}

/** Hits that meet all conditions; a condition on true edges marks the hits at both ends of those that meet it. */
function rowsKept({ hits, tracks, trackEdges }: EventColumns, conditions: Conditions): Uint32Array {
  const isOfTracks = (name: string) => name.startsWith("track_");
  const entries = Object.entries(conditions);
  const ofHits = Object.fromEntries(entries.filter(([name]) => !isOfTracks(name)));
  const meets = rowsThatMeet(ofHits, hits, numHitsOf(hits));
  for (const [name, condition] of entries.filter(([name]) => isOfTracks(name))) {
    const passing = rowsThatMeet({ [name]: condition }, tracks, trackEdges.source.length);
    const marked = atNodes(passing, trackEdges, meets.length, { ends: "both", reduction: "max" });
    for (let hit = 0; hit < meets.length; hit++) meets[hit] &= marked[hit];
  }
  return Uint32Array.from(meets.keys()).filter((hit) => meets[hit] === 1);
}

const numHitsOf = (hits: EventColumns["hits"]): number => Object.values(hits)[0]?.length ?? 0;

/** Noise, particle 0, counts like a particle. */
function recounted(event: EventColumns): EventColumns {
  const { hit_particle_nhits: known, hit_particle_id: ids } = event.hits;
  if (!known || !ids) return event;
  const counts = new Map<number | bigint, number>();
  for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1);
  const values = Int32Array.from(
    Array.from(ids as ArrayLike<number | bigint>, (id) => counts.get(id)!),
  );
  return { ...event, hits: { ...event.hits, hit_particle_nhits: values } };
}

/** Each column that has a scale divided by it, in float32; the others as they are. */
export function scaleColumns(
  columns: EventColumns["hits"],
  scales: Readonly<Record<string, number>>,
): EventColumns["hits"] {
  const scaled = Object.entries(columns).map(([name, values]) => {
    const scale = Object.hasOwn(scales, name) ? scales[name] : undefined;
    const divided = scale && Float32Array.from(values as ArrayLike<number>, (x) => x / scale);
    return [name, divided || values];
  });
  return Object.fromEntries(scaled);
}
