import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { type Event, readTrackml } from "../tracking/index.ts";
import { readFileBytes } from "./files.ts";

/** Reads the TrackML event whose files start with `prefix`, like `data/event000001000`. */
export function readEvent(prefix: string): Promise<Event> {
  const folder = dirname(prefix);
  const open = async (name: string) => {
    const path = join(folder, name);
    return existsSync(path) ? readFileBytes(path) : undefined;
  };
  return readTrackml(open, basename(prefix));
}
