import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/**
 * Write a whole file or nothing: other processes see the old content or all of the new one, also
 * when this one is killed half-way or the disk is full. The folder must exist.
 */
export function writeAtomic(path: string, content: Uint8Array | string): void {
  // same folder, because a rename is atomic only within one file system
  const suffix = randomBytes(6).toString("hex"); // several processes may write the same file
  const temporary = join(dirname(path), `.${basename(path)}.${suffix}.tmp`);
  try {
    const file = openSync(temporary, "wx");
    try {
      writeFileSync(file, content);
      fsyncSync(file); // content before name: a rename must not survive a power cut alone
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}
