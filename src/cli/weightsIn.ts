import { existsSync, statSync } from "node:fs";
import { join } from "node:path";

/** The best weights of a run directory; a file is itself. */
export function weightsIn(path: string): string {
  const isFolder = existsSync(path) && statSync(path).isDirectory();
  return isFolder ? join(path, "checkpoints", "best.safetensors") : path;
}
