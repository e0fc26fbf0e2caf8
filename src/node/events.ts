import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { FormatError } from "../engine/errors.ts";
import {
  csvPieces,
  type Event,
  isColumnsFile,
  readColumnsFile,
  readEventFile,
  readTrackml,
  trackmlTables,
} from "../tracking/index.ts";
import { filePieces, readFileBytes, writeAtomic } from "./files.ts";
import { gzipPieces } from "./gzipPieces.ts";

/** Reads the TrackML event whose files start with `prefix`, like `data/event000001000`. */
export function readEvent(prefix: string): Promise<Event> {
  const folder = dirname(prefix);
  const open = async (name: string) => {
    const path = join(folder, name);
    return existsSync(path) ? filePieces(path) : undefined;
  };
  return readTrackml(open, basename(prefix));
}

/** Reads a processed event or one of columns, if the path is that of a safetensors file, else the TrackML event of that prefix. */
export async function readAnyEvent(path: string): Promise<Event> {
  if (!path.endsWith(".safetensors")) return readEvent(path);
  const bytes = await readFileBytes(path);
  return isColumnsFile(bytes, path) ? readColumnsFile(bytes, path) : readEventFile(bytes, path);
}

/** What `readAnyEvent` reads of a folder, by name: its safetensors files, or the prefixes of its TrackML events. */
export function eventPaths(path: string): string[] {
  if (existsSync(`${path}.safetensors`)) return [`${path}.safetensors`];
  const isFolder = existsSync(path) && statSync(path).isDirectory();
  const files = (isFolder ? readdirSync(path) : []).filter((file) => /\.safetensors$/.test(file));
  return files.length > 0 ? files.sort().map((file) => join(path, file)) : eventPrefixes(path);
}

/** Prefixes of the TrackML events in a folder, by name; of a prefix, itself. */
export function eventPrefixes(path: string): string[] {
  const isFolder = existsSync(path) && statSync(path).isDirectory();
  const [folder, start] = isFolder ? [path, ""] : [dirname(path), basename(path)];
  const found = (existsSync(folder) ? readdirSync(folder) : []).flatMap((file) => {
    const [, prefix] = /^(.+)-hits\.csv(?:\.gz)?$/.exec(file) ?? [];
    return prefix !== undefined && (isFolder || prefix === start) ? [join(folder, prefix)] : [];
  });
  if (found.length > 0) return [...new Set(found)].sort();
  throw new FormatError(`${path}: expected TrackML events (…-hits.csv), got none`);
}

/** Writes the TrackML files of an event into a folder, and returns their prefix. */
export function saveEvent(folder: string, event: Event, { gzip = false } = {}): string {
  const prefix = join(folder, event.name);
  for (const [table, columns] of trackmlTables(event)) {
    const [path, pieces] = [`${prefix}-${table}.csv`, csvPieces(columns)];
    if (gzip) writeAtomic(`${path}.gz`, gzipPieces(pieces));
    else writeAtomic(path, pieces);
  }
  return prefix;
}
