/**
 * Event: what one bunch crossing left in the detector, and what is known about it.
 *
 * Lengths in mm, momenta in GeV. H hits, C cells, R rows of the particle table, P particles.
 */
import { ShapeError } from "../engine/errors.ts";
import { checkColumns, checkRows, takeRows } from "./columns.ts";
import { type EventColumns, takeHitColumns } from "./eventColumns.ts";
import { checkEdges } from "./graphs/edgeIndex.ts";
import { indexParticles, type Particles } from "./particles.ts";

/** Measurements, one entry per hit [H]. Ids may have gaps: hitId − 1 is not a row. */
export interface Hits {
  readonly hitId: Uint32Array;
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly z: Float64Array;
  readonly volume: Uint32Array;
  readonly layer: Uint32Array;
  readonly module: Uint32Array;
}

/** Detector channels that fired, one entry per cell [C]; several cells make a hit. */
export interface Cells {
  readonly hit: Uint32Array; // row of the hit, not its id
  readonly ch0: Uint32Array;
  readonly ch1: Uint32Array;
  readonly value: Float64Array;
}

/**
 * The known assignment, one entry per hit [H]. Where the files say nothing of a hit, isKnown is 0,
 * its particle and weight are 0, and the rest is NaN.
 */
export interface Truth {
  readonly isKnown: Uint8Array; // 1: the hit has a truth row
  readonly particleIndex: Uint32Array; // entry of event.particleIds; 0 = noise
  readonly tx: Float64Array; // where the particle crossed the detector
  readonly ty: Float64Array;
  readonly tz: Float64Array;
  readonly tpx: Float64Array; // its momentum there
  readonly tpy: Float64Array;
  readonly tpz: Float64Array;
  readonly weight: Float64Array; // of the hit in the TrackML score
}

export interface EventFields {
  readonly name: string;
  readonly hits: Hits;
  /** 64-bit ids, ascending, [0] = 0 (noise): a smaller particleIndex is a smaller id. */
  readonly particleIds?: BigUint64Array;
  readonly cells?: Cells | undefined;
  readonly particles?: Particles | undefined;
  readonly truth?: Truth | undefined;
  /** Whatever else a file says of hits, and true edges, under its own names and in its own units. */
  readonly columns?: EventColumns | undefined;
}

export class Event {
  readonly name: string;
  readonly hits: Hits;
  readonly particleIds: BigUint64Array; // [P + 1]
  readonly cells: Cells | undefined;
  readonly particles: Particles | undefined;
  readonly truth: Truth | undefined;
  readonly columns: EventColumns | undefined;

  constructor({ name, hits, particleIds, cells, particles, truth, columns }: EventFields) {
    this.name = name;
    this.hits = checkColumns("Event.hits", hits, hits.hitId.length);
    this.particleIds = particleIds ?? BigUint64Array.of(0n);
    this.cells = cells && checkColumns("Event.cells", cells, cells.hit.length);
    this.particles =
      particles && checkColumns("Event.particles", particles, particles.index.length);
    this.truth = truth && checkColumns("Event.truth", truth, hits.hitId.length);
    this.columns = columns && checkEventColumns(columns, this.numHits);
    checkRows("Event.cells.hit", cells?.hit, this.numHits);
    checkRows("Event.particles.index", particles?.index, this.particleIds.length);
    checkRows("Event.truth.particleIndex", truth?.particleIndex, this.particleIds.length);
  }

  get numHits(): number {
    return this.hits.hitId.length;
  }

  /** Particles known by id, with hits or without; noise is none. */
  get numParticles(): number {
    return this.particleIds.length - 1;
  }

  toString(): string {
    const parts = [`${this.numHits} hits`];
    if (this.cells) parts.push(`${this.cells.hit.length} cells`);
    if (this.particles) parts.push(`${this.particles.index.length} particles`);
    const numKnown = this.truth?.isKnown.reduce((sum, known) => sum + known, 0);
    parts.push(truthIn(numKnown, this.numHits));
    return `Event ${this.name} ${parts.join(", ")}`;
  }

  /** What Node prints for `console.log(event)`. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}

/** The hits in the given rows, in that order, each at most once, with their cells and truth. */
export function selectHits(event: Event, rows: ArrayLike<number>): Event {
  const newRow = new Int32Array(event.numHits).fill(-1);
  for (let r = 0; r < rows.length; r++) {
    // undefined where there is no such row
    if (newRow[rows[r]] !== -1)
      throw new ShapeError(
        `selectHits(rows): expected rows of ${event}, each once, got ${rows[r]}`,
      );
    newRow[rows[r]] = r;
  }
  return new Event({
    name: event.name,
    hits: takeRows(event.hits, rows),
    particleIds: event.particleIds,
    particles: event.particles,
    cells: event.cells && takeCells(event.cells, newRow),
    truth: event.truth && takeRows(event.truth, rows),
    columns: event.columns && takeHitColumns(event.columns, rows),
  });
}

/** What the particles in the given rows of the table left; other hits, and noise, are dropped. */
export function selectParticles(event: Event, rows: ArrayLike<number>): Event {
  const { particles, truth } = event;
  if (!particles || !truth)
    throw new ShapeError(`selectParticles: expected particles and truth, got ${event}`);
  const kept = takeRows(particles, rows);
  const { particleIds, indexOf } = indexParticles([kept.particleId]);
  const newIndex = Uint32Array.from(event.particleIds, (id) => indexOf(id) ?? 0);
  const isKept = (hit: number) => newIndex[truth.particleIndex[hit]] > 0;
  const hits = Array.from(event.hits.hitId, (_, hit) => hit).filter(isKept);
  const selected = selectHits(event, hits);
  const particleIndex = selected.truth!.particleIndex.map((p) => newIndex[p]);
  return new Event({
    ...selected,
    particleIds,
    particles: { ...kept, index: kept.index.map((p) => newIndex[p]) },
    truth: { ...selected.truth!, particleIndex },
  });
}

function checkEventColumns(columns: EventColumns, numHits: number): EventColumns {
  const { hits, tracks, trackEdges } = columns;
  checkColumns("Event.columns.hits", hits, numHits);
  checkEdges("Event.columns", trackEdges, numHits);
  checkColumns("Event.columns.tracks", tracks, trackEdges.source.length);
  return columns;
}

function takeCells(cells: Cells, newRow: Int32Array): Cells {
  const rows = Array.from(cells.hit, (_, cell) => cell).filter((c) => newRow[cells.hit[c]] >= 0);
  const kept = takeRows(cells, rows);
  return { ...kept, hit: kept.hit.map((hit) => newRow[hit]) };
}

function truthIn(numKnown: number | undefined, numHits: number): string {
  if (numKnown === undefined) return "no truth";
  return numKnown === numHits ? "truth" : `truth for ${numKnown} hits`;
}
