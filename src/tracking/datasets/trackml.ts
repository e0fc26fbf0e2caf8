/**
 * TrackML events, Amrouche et al. 2020 (arXiv:1904.06778): four CSV tables an event, plain or gzip.
 *
 * Reads bytes, not files: the caller says how a file is opened, so this runs in a browser too. One table is
 * read after the other, piece by piece, so that memory is that of the event.
 * Tables are joined by hit_id and particle_id; whatever does not join is an error with its line.
 */
import { FormatError } from "../../engine/errors.ts";
import { type Cells, Event, type Hits, type Truth } from "../event.ts";
import { indexParticles, type ParticleIndex, type Particles } from "../particles.ts";
import { lineOf, readCsvPieces, type Schema, type Table } from "./csv.ts";
import { type Source, unpackedPieces } from "./gzip.ts";
import type { Pieces } from "./pieces.ts";

/**
 * The content of a file, whole or in pieces, or undefined if there is none of that name. May already be
 * unpacked.
 */
export type OpenFile = (name: string) => Promise<Uint8Array | Pieces | undefined>;

const hitColumns = {
  hit_id: "u32",
  x: "f64",
  y: "f64",
  z: "f64",
  volume_id: "u32",
  layer_id: "u32",
  module_id: "u32",
} as const satisfies Schema;

const cellColumns = {
  hit_id: "u32",
  ch0: "u32",
  ch1: "u32",
  value: "f64",
} as const satisfies Schema;

const particleColumns = {
  particle_id: "u64",
  vx: "f64",
  vy: "f64",
  vz: "f64",
  px: "f64",
  py: "f64",
  pz: "f64",
  q: "f64",
  nhits: "u32",
} as const satisfies Schema;

// the first release has no particle_type
const particleType = { particle_type: "i32" } as const satisfies Schema;

// where truth was recovered from other sources, the crossing points are empty
const truthColumns = {
  hit_id: "u32",
  particle_id: "u64",
  tx: "f64?",
  ty: "f64?",
  tz: "f64?",
  tpx: "f64?",
  tpy: "f64?",
  tpz: "f64?",
  weight: "f64",
} as const satisfies Schema;

/** Rows of a truth file in their order; what `trackmlScore` asks for. */
export interface TruthRows {
  readonly hitId: Uint32Array;
  readonly particleIds: BigUint64Array; // ascending, [0] = 0 (noise)
  readonly particle: Uint32Array; // entry of particleIds
  readonly weight: Float64Array;
}

/** Reads `<prefix>-hits.csv` or `.csv.gz`, and cells, particles and truth where they exist. */
export async function readTrackml(open: OpenFile, prefix: string): Promise<Event> {
  const hitFile = await openTable(open, prefix, "hits");
  if (!hitFile) {
    const name = `${prefix}-hits.csv`;
    throw new FormatError(`readTrackml: expected ${name} or ${name}.gz, got neither`);
  }
  const cellFile = await openTable(open, prefix, "cells");
  const particleFile = await openTable(open, prefix, "particles");
  const truthFile = await openTable(open, prefix, "truth");

  const hits = await readHits(hitFile);
  const rowOfHit = rowsById(hits.hitId, hitFile.where);
  const cells = cellFile && (await readCells(cellFile, rowOfHit));
  const particles = particleFile && (await readParticles(particleFile));
  const truth = truthFile && (await readCsvPieces(truthFile.pieces, truthColumns, truthFile));
  const index = indexParticles([particles?.particle_id, truth?.particle_id].filter((id) => !!id));
  return new Event({
    name: prefix.slice(prefix.lastIndexOf("/") + 1),
    hits,
    particleIds: index.particleIds,
    cells,
    particles: particles && joinParticles(particles, index),
    truth: truth && joinTruth(truth, truthFile.where, rowOfHit, hits.hitId.length, index),
  });
}

/** Reads a truth file by itself, plain or gzip: enough to score a submission without the hits. */
export async function readTruth(source: Source, file: string): Promise<TruthRows> {
  const where = `readTruth: ${file}`;
  const truth = await readCsvPieces(unpackedPieces(source, where), truthColumns, { where });
  rowsById(truth.hit_id, where);
  const { particleIds, indexOf } = indexParticles([truth.particle_id]);
  const particle = Uint32Array.from(Array.from(truth.particle_id, (id) => indexOf(id)!));
  return { hitId: truth.hit_id, particleIds, particle, weight: truth.weight };
}

interface OpenedTable {
  readonly where: string; // opens every message about this file
  readonly pieces: Pieces;
}

async function openTable(open: OpenFile, prefix: string, table: string) {
  for (const name of [`${prefix}-${table}.csv`, `${prefix}-${table}.csv.gz`]) {
    const content = await open(name);
    const where = `readTrackml: ${name}`;
    if (content) return { where, pieces: unpackedPieces(content, where) } satisfies OpenedTable;
  }
  return undefined;
}

async function readHits({ pieces, where }: OpenedTable): Promise<Hits> {
  const table = await readCsvPieces(pieces, hitColumns, { where });
  const { hit_id, x, y, z, volume_id, layer_id, module_id } = table;
  if (hit_id.length === 0) throw new FormatError(`${where}: expected at least one hit, got none`);
  return { hitId: hit_id, x, y, z, volume: volume_id, layer: layer_id, module: module_id };
}

async function readCells(
  { pieces, where }: OpenedTable,
  rowOfHit: ReadonlyMap<number, number>,
): Promise<Cells> {
  const { hit_id, ch0, ch1, value } = await readCsvPieces(pieces, cellColumns, { where });
  const hit = hit_id.map((id, row) => rowOf(id, rowOfHit, where, row));
  return { hit, ch0, ch1, value };
}

async function readParticles({ pieces, where }: OpenedTable) {
  const options = { where, optional: particleType };
  const table = await readCsvPieces(pieces, particleColumns, options);
  const seen = new Set<bigint>([0n]);
  table.particle_id.forEach((id, row) => {
    if (seen.has(id)) {
      const got = id === 0n ? "0, which means noise" : `particle ${id} again`;
      throw new FormatError(`${where} ${lineOf(row)}: expected each particle once, got ${got}`);
    }
    seen.add(id);
  });
  return table;
}

function joinParticles(
  table: Awaited<ReturnType<typeof readParticles>>,
  index: ParticleIndex,
): Particles {
  const { particle_id, particle_type, nhits, ...columns } = table;
  return {
    ...columns,
    particleId: particle_id,
    index: Uint32Array.from(Array.from(particle_id, (id) => index.indexOf(id)!)),
    particleType: particle_type,
    numHits: nhits,
  };
}

function joinTruth(
  table: Table<typeof truthColumns>,
  where: string,
  rowOfHit: ReadonlyMap<number, number>,
  numHits: number,
  index: ParticleIndex,
): Truth {
  const isKnown = new Uint8Array(numHits);
  const particleIndex = new Uint32Array(numHits);
  const names = ["tx", "ty", "tz", "tpx", "tpy", "tpz", "weight"] as const;
  const values = names.map((name) => new Float64Array(numHits).fill(unknown[name] ?? Number.NaN));
  table.hit_id.forEach((id, row) => {
    const hit = rowOf(id, rowOfHit, where, row);
    if (isKnown[hit] === 1) throw again(where, row, id);
    isKnown[hit] = 1;
    particleIndex[hit] = index.indexOf(table.particle_id[row])!;
    names.forEach((name, column) => {
      values[column][hit] = table[name][row];
    });
  });
  const [tx, ty, tz, tpx, tpy, tpz, weight] = values;
  return { isKnown, particleIndex, tx, ty, tz, tpx, tpy, tpz, weight };
}

// a hit without truth earns nothing in the score; its crossing point is not known
const unknown: Partial<Record<string, number>> = { weight: 0 };

function rowsById(hitId: Uint32Array, where: string): Map<number, number> {
  const rows = new Map<number, number>();
  hitId.forEach((id, row) => {
    if (rows.has(id)) throw again(where, row, id);
    rows.set(id, row);
  });
  return rows;
}

function rowOf(id: number, rows: ReadonlyMap<number, number>, where: string, row: number): number {
  const found = rows.get(id);
  if (found !== undefined) return found;
  const expected = "expected the id of a hit in the hits file";
  throw new FormatError(`${where} ${lineOf(row)} column hit_id: ${expected}, got ${id}`);
}

const again = (where: string, row: number, id: number): FormatError =>
  new FormatError(`${where} ${lineOf(row)}: expected each hit once, got hit ${id} again`);
