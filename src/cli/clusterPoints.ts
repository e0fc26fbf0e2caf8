/** The points that `trackgrad cluster` labels: columns of a table, or a tensor. */
import { FormatError } from "../engine/errors.ts";
import { readWeights } from "../engine/formats/weights.ts";
import { filePieces, readFileBytes } from "../node/files.ts";
import type { Points } from "../tracking/clustering/index.ts";
import { unpackedPieces } from "../tracking/datasets/gzip.ts";
import { hitCoordinate, isCoordinate } from "../tracking/features/coordinates.ts";
import { readCsvPieces, type Schema } from "../tracking/index.ts";
import { tableHeader } from "./tableHeader.ts";

export interface PointOptions {
  columns?: string[];
  tensor?: string;
}

export const pointsIn = async (file: string, options: PointOptions): Promise<Points> =>
  file.endsWith(".safetensors")
    ? tensorPoints(await readFileBytes(file), file, options)
    : csvPoints(file, options);

/** What names the points of a table of hits. */
export const hitIdsIn = async (file: string): Promise<Uint32Array> =>
  (await readTable(file, { hit_id: "u32" } as const)).hit_id;

function readTable<S extends Schema>(file: string, schema: S) {
  const where = `cluster: ${file}`;
  return readCsvPieces(unpackedPieces(filePieces(file), where), schema, { where });
}

/** Columns of the table, and coordinates that follow from its columns x, y and z. */
async function csvPoints(file: string, { columns }: PointOptions): Promise<Points> {
  const header = await tableHeader(file);
  if (header.includes(""))
    throw new FormatError(
      `cluster: ${file} line 1: expected a name for every column, got ${JSON.stringify(header.join())}`,
    );
  const names = columns ?? header;
  const isComputed = (name: string) => !header.includes(name) && isCoordinate(name);
  const stored = names.filter((name) => !isComputed(name));
  const places = stored.length < names.length ? ["x", "y", "z"] : [];
  const schema = Object.fromEntries([...stored, ...places].map((name) => [name, "f64" as const]));
  const found = await readTable(file, schema);
  const values = names.map((name) => {
    if (found[name]) return found[name];
    const { x, y, z } = found;
    return hitCoordinate({ x, y, z }, name as Parameters<typeof hitCoordinate>[1]);
  });
  const [numPoints, dim] = [values[0].length, names.length];
  const data = new Float64Array(numPoints * dim);
  for (const [d, column] of values.entries())
    for (let i = 0; i < numPoints; i++) data[i * dim + d] = column[i];
  return { data, numPoints, dim };
}

function tensorPoints(bytes: Uint8Array, file: string, { tensor }: PointOptions): Points {
  const { tensors } = readWeights(bytes, file);
  const name = tensor ?? (tensors.size === 1 ? [...tensors.keys()][0] : undefined);
  const found = name === undefined ? undefined : tensors.get(name);
  if (found?.shape.length !== 2) {
    const wanted = name === undefined ? "--tensor NAME" : `--tensor ${name}`;
    const shapes = found ? [[name, found] as const] : [...tensors];
    const got = shapes.slice(0, 8).map(([other, { shape }]) => `${other} [${shape}]`);
    if (shapes.length > got.length) got.push("…");
    throw new FormatError(
      `cluster: ${file}: expected a tensor [N, D] (${wanted}), got ${got.join(", ") || "none"}`,
    );
  }
  const [numPoints, dim] = found.shape;
  return { data: Float64Array.from(found.data as ArrayLike<number>, Number), numPoints, dim };
}
