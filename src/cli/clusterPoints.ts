/** The points that `trackgrad cluster` labels: columns of a table, or a tensor. */
import { FormatError } from "../engine/errors.ts";
import { readWeights } from "../engine/formats/weights.ts";
import type { Points } from "../tracking/clustering/index.ts";
import { hitCoordinate, isCoordinate } from "../tracking/features/coordinates.ts";
import { readCsv } from "../tracking/index.ts";

export interface PointOptions {
  columns?: string[];
  tensor?: string;
}

/** `file` is what messages call it. */
export const pointsIn = (bytes: Uint8Array, file: string, options: PointOptions): Points =>
  file.endsWith(".safetensors")
    ? tensorPoints(bytes, file, options)
    : csvPoints(bytes, file, options);

/** What names the points of a table of hits. */
export function hitIdsIn(bytes: Uint8Array, file: string): Uint32Array {
  return readCsv(bytes, { hit_id: "u32" } as const, { where: `cluster: ${file}` }).hit_id;
}

/** Columns of the table, and coordinates that follow from its columns x, y and z. */
function csvPoints(bytes: Uint8Array, file: string, { columns }: PointOptions): Points {
  const header = new TextDecoder().decode(bytes.subarray(0, 65536)).split(/\r?\n/, 1)[0].split(",");
  const names = columns ?? header;
  const isComputed = (name: string) => !header.includes(name) && isCoordinate(name);
  const stored = names.filter((name) => !isComputed(name));
  const places = stored.length < names.length ? ["x", "y", "z"] : [];
  const schema = Object.fromEntries([...stored, ...places].map((name) => [name, "f64" as const]));
  const found = readCsv(bytes, schema, { where: `cluster: ${file}` });
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
  if (found?.shape.length !== 2)
    throw new FormatError(
      `cluster: ${file}: expected a tensor [N, D]${name ? ` named ${name}` : " (--tensor NAME)"}, got ${[...tensors.keys()].join(", ")}`,
    );
  const [numPoints, dim] = found.shape;
  return { data: Float64Array.from(found.data as ArrayLike<number>, Number), numPoints, dim };
}
