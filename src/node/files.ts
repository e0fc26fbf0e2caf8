import { randomBytes } from "node:crypto";
import {
  closeSync,
  createReadStream,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { FormatError } from "../engine/errors.ts";

/** What to write: all of it, or piece by piece. */
export type FileContent = Uint8Array | string | Iterable<Uint8Array | string>;

/**
 * Write a whole file or nothing: other processes see the old content or all of the new one, also
 * when this one is killed half-way or the disk is full. The folder must exist. Of content in pieces, no more
 * is held than one of them.
 */
export function writeAtomic(path: string, content: FileContent): void {
  // same folder, because a rename is atomic only within one file system
  const suffix = randomBytes(6).toString("hex"); // several processes may write the same file
  const temporary = join(dirname(path), `.${basename(path)}.${suffix}.tmp`);
  const isWhole = typeof content === "string" || content instanceof Uint8Array;
  try {
    const file = openSync(temporary, "wx");
    try {
      for (const piece of isWhole ? [content] : content) writeFileSync(file, piece);
      fsyncSync(file); // content before name: a rename must not survive a power cut alone
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (cause) {
    rmSync(temporary, { force: true });
    throw new Error(`${path}: cannot be written (${(cause as Error).message})`, { cause });
  }
}

const maxUnpacked = 2 ** 31; // bytes; a few kilobytes of gzip can stand for any number of them

/** The content of a file, unpacked if it is gzip. */
export async function readFileBytes(path: string): Promise<Uint8Array> {
  const bytes = await readFile(path).catch(refuse(path));
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  const options = { maxOutputLength: maxUnpacked };
  return promisify(gunzip)(bytes, options).catch((cause: Error) => {
    const why = `${cause.message}; ${bytes.length} bytes, truncated or damaged?`;
    throw new FormatError(`${path}: expected gzip data up to its end (${why})`, { cause });
  });
}

/** The content of a file in pieces of a few MiB, as it lies on the disk. */
export async function* filePieces(path: string): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(path, { highWaterMark: pieceSize });
  } catch (error) {
    refuse(path)(error as NodeJS.ErrnoException);
  }
}

const pieceSize = 2 ** 22; // bytes

const refuse =
  (path: string) =>
  (cause: NodeJS.ErrnoException): never => {
    const why = cause.code === "ENOENT" ? "no such file" : cause.message;
    throw new FormatError(`${path}: expected a file that can be read (${why})`, { cause });
  };
