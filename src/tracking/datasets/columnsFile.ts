/**
 * Events as files of columns: a safetensors file an event, a tensor per column, named as EggNet names them. So come
 * events of detectors other than TrackML's, like the ITk, where a hit has the places of two clusters.
 *
 *   hit_id int [N]                  all others hit_… [N], like hit_cluster_x_1, hit_region
 *   hit_r, hit_phi, hit_z [N]       or hit_x, hit_y, hit_z: mm, rad
 *   hit_particle_id int [N]         0 for noise; of the particle also hit_particle_pt, hit_particle_eta, …
 *   track_edges int [2, M]          rows of consecutive hits of a particle; all others track_… [M]
 *
 * What else is in a file is not read. Modules have no numbers here, and hits of particles all weigh 1.
 */
import { FormatError, ShapeError } from "../../engine/errors.ts";
import type { HostTensor } from "../../engine/formats/hostTensor.ts";
import { readSafetensors, type Safetensors } from "../../engine/formats/safetensors.ts";
import { Event, type Hits, type Truth } from "../event.ts";
import type { ColumnValues, EventColumns } from "../eventColumns.ts";
import { indexParticles } from "../particles.ts";

/** Whether a file of safetensors is one of columns; `file` is the name used in messages. */
export const isColumnsFile = (bytes: Uint8Array, file: string): boolean =>
  readSafetensors(bytes, file).tensors.has("hit_id");

/** Reads such a file, named by its entry `event_id` or like the file. */
export function readColumnsFile(bytes: Uint8Array, file: string): Event {
  const { metadata, tensors } = readSafetensors(bytes, file);
  const [numHits] = expectTensor(tensors, "hit_id", 1, file).shape;
  if (numHits === 0) throw new FormatError(`${file}: expected at least one hit, got none`);
  const columns = columnsOf(tensors, file);
  const ids = columns.hits.hit_particle_id && particleIdsIn(tensors, file);
  const { particleIds, indexOf } = indexParticles(ids ? [ids] : []);
  const particleIndex =
    ids && Uint32Array.from({ length: ids.length }, (_, hit) => indexOf(ids[hit]) ?? 0);
  try {
    return new Event({
      name: metadata.event_id ?? file.replace(/^.*\//s, "").replace(/\.safetensors$/, ""),
      hits: hitsOf(columns.hits, file),
      particleIds,
      truth: particleIndex && truthOf(particleIndex),
      columns,
    });
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    throw new FormatError(`${file}: ${error.message}`, { cause: error });
  }
}

/** As 64 bits, like those of a table of particles. */
function particleIdsIn(tensors: Safetensors["tensors"], file: string): BigUint64Array {
  const { data } = expectTensor(tensors, "hit_particle_id", 1, file);
  return BigUint64Array.from({ length: data.length }, (_, hit) =>
    BigInt.asUintN(64, BigInt(data[hit])),
  );
}

function columnsOf(tensors: Safetensors["tensors"], file: string): EventColumns {
  const starting = (prefix: string) =>
    Object.fromEntries(
      [...tensors].flatMap(([name, { shape, data }]) =>
        name.startsWith(prefix) && shape.length === 1 ? [[name, valuesOf(data)]] : [],
      ),
    );
  const hits = starting("hit_");
  if (hits.hit_module_index) {
    hits.hit_module_id = hits.hit_module_index; // of older files
    delete hits.hit_module_index;
  }
  const isUntold = !tensors.has("track_edges") && !hits.hit_particle_id;
  const pairs = isUntold
    ? new Uint32Array()
    : Uint32Array.from(
        expectTensor(tensors, "track_edges", 2, file).data as ArrayLike<number | bigint>,
        Number,
      );
  const half = pairs.length / 2;
  const trackEdges = { source: pairs.slice(0, half), target: pairs.slice(half) };
  return { hits, tracks: starting("track_"), trackEdges };
}

function expectTensor(
  tensors: Safetensors["tensors"],
  name: string,
  rank: number,
  file: string,
): HostTensor {
  const found = tensors.get(name);
  const isAsked = found?.shape.length === rank && (rank === 1 || found?.shape[0] === 2);
  if (found && isAsked && /^[IU]/.test(found.dtype)) return found;
  const got = found ? `${found.dtype} [${found.shape}]` : "none";
  throw new FormatError(
    `${file}: expected ${name}, whole numbers [${rank === 1 ? "N" : "2, M"}], got ${got}`,
  );
}

function valuesOf(data: HostTensor["data"]): ColumnValues {
  if (data instanceof Int16Array || data instanceof Int8Array) return Int32Array.from(data);
  return data instanceof Uint16Array ? Uint32Array.from(data) : data;
}

function hitsOf(columns: EventColumns["hits"], file: string): Hits {
  const numbers = (name: string): Float64Array => {
    const column = columns[name];
    if (!column)
      throw new FormatError(
        `${file}: expected hit_r, hit_phi and hit_z, or hit_x, hit_y and hit_z, got no ${name}`,
      );
    const values = Float64Array.from(column as ArrayLike<number | bigint>, Number);
    const row = values.findIndex((value) => !Number.isFinite(value));
    if (row < 0) return values;
    throw new FormatError(
      `${file}: expected finite numbers in ${name}, got ${values[row]} in row ${row}`,
    );
  };
  const hitId = Uint32Array.from(numbers("hit_id"));
  if (new Set(hitId).size < hitId.length)
    throw new FormatError(`${file}: expected each hit once in hit_id, got one again`);
  const none = new Uint32Array(hitId.length);
  const rest = { hitId, z: numbers("hit_z"), volume: none, layer: none, module: none };
  if (columns.hit_x) return { ...rest, x: numbers("hit_x"), y: numbers("hit_y") };
  const [r, phi] = [numbers("hit_r"), numbers("hit_phi")];
  const x = r.map((radius, hit) => radius * Math.cos(phi[hit]));
  return { ...rest, x, y: r.map((radius, hit) => radius * Math.sin(phi[hit])) };
}

/** Where hits were made is not said. */
function truthOf(particleIndex: Uint32Array): Truth {
  const unknown = new Float64Array(particleIndex.length).fill(Number.NaN);
  return {
    isKnown: new Uint8Array(particleIndex.length).fill(1),
    particleIndex,
    ...{ tx: unknown, ty: unknown, tz: unknown, tpx: unknown, tpy: unknown, tpz: unknown },
    weight: Float64Array.from(particleIndex, (p) => (p > 0 ? 1 : 0)),
  };
}
