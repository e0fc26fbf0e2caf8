import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "../..");

/** The folder of golden data: `$TG_FIXTURES`, by default ../shared/fixtures. */
export function fixtureFolder(): string {
  return resolve(root, process.env.TG_FIXTURES ?? "../shared/fixtures");
}

/** Paths of the fixtures in a folder there, or in any, whose file name matches; none if the folder is missing. */
export function fixturePaths(folder: string, pattern: RegExp): string[] {
  const path = resolve(fixtureFolder(), folder);
  if (!existsSync(path)) return [];
  return readdirSync(path)
    .filter((file) => pattern.test(file))
    .sort()
    .map((file) => join(path, file));
}

export interface StoredTensor {
  dtype: string;
  shape: number[];
  data: Float32Array | Float64Array | Int32Array;
}

const arrays = { F32: Float32Array, F64: Float64Array, I32: Int32Array };

/** A file of tensors: header length u64, JSON header, raw little-endian data. */
export function readSafetensors(path: string): {
  metadata: Record<string, string>;
  tensors: Record<string, StoredTensor>;
} {
  const file = readFileSync(path);
  const headerLength = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.toString("utf8", 8, 8 + headerLength));
  const { __metadata__: metadata = {}, ...entries } = header;
  const tensors: Record<string, StoredTensor> = {};
  for (const [name, entry] of Object.entries(entries)) {
    const { dtype, shape, data_offsets } = entry as {
      dtype: keyof typeof arrays;
      shape: number[];
      data_offsets: [number, number];
    };
    const [from, to] = data_offsets.map((offset) => 8 + headerLength + offset);
    const bytes = file.buffer.slice(file.byteOffset + from!, file.byteOffset + to!);
    tensors[name] = { dtype, shape, data: new arrays[dtype](bytes as ArrayBuffer) };
  }
  return { metadata, tensors };
}
