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

/** Reads the TrackML event whose files start with `path`, like `data/event000001000`, or of the hits file `path`. */
export async function readEvent(path: string): Promise<Event> {
  const prefix = path.replace(/-hits\.csv(\.gz)?$/, "");
  const isThere = [".csv", ".csv.gz"].some((ending) => existsSync(`${prefix}-hits${ending}`));
  if (!isThere && isFolder(prefix))
    throw new FormatError(`${path}: expected what files of an event start with, got a folder`);
  const folder = dirname(prefix);
  const open = async (name: string) => {
    const path = join(folder, name);
    return existsSync(path) ? filePieces(path) : undefined;
  };
  return readTrackml(open, basename(prefix));
}

/** Reads a processed event or one of columns, if the path is that of a safetensors file, else the TrackML event of that prefix. */
export async function readAnyEvent(path: string): Promise<Event> {
  if (!path.endsWith(processed)) return readEvent(path);
  const bytes = await readFileBytes(path);
  return isColumnsFile(bytes, path) ? readColumnsFile(bytes, path) : readEventFile(bytes, path);
}

/**
 * What `readAnyEvent` reads in a folder, by name; an event that is there twice is read from its processed file.
 * None where there is no such folder.
 */
export function eventsIn(folder: string): string[] {
  const files = existsSync(folder) ? readdirSync(folder) : [];
  const paths = new Map<string, string>();
  for (const file of files) {
    const [, prefix] = /^(.+)-hits\.csv(?:\.gz)?$/.exec(file) ?? [];
    if (prefix !== undefined) paths.set(prefix, join(folder, prefix));
  }
  for (const file of files)
    if (file.endsWith(processed)) paths.set(basename(file, processed), join(folder, file));
  return [...paths].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, path]) => path);
}

const processed = ".safetensors";
const isFolder = (path: string): boolean => existsSync(path) && statSync(path).isDirectory();

/** The events of a folder, or the one of a processed file, or of what the names of files start with. */
export function eventPaths(path: string): string[] {
  const name = basename(path, processed);
  const found = isFolder(path)
    ? eventsIn(path)
    : eventsIn(dirname(path)).filter((other) => basename(other, processed) === name);
  if (found.length > 0) return found;
  throw new FormatError(`${path}: expected events (…-hits.csv or ….safetensors), got none`);
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
