import { FormatError } from "../../engine/errors.ts";
import { concat, type Pieces } from "./pieces.ts";

/** Ten times the largest file of a full event; stops a small file that unpacks without end. */
const maxBytes = 2 ** 30;

/** Does the file start like gzip? Asked of the content, because names lie. */
export const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** What readers of tables take: all of a file or its pieces, packed or not, or text. */
export type Source = Uint8Array | string | Pieces;

/**
 * Pieces of a source, unpacked by the platform's own decoder if they are gzip: no more of a file is held than one
 * of them.
 */
export async function* unpackedPieces(source: Source, where: string): AsyncGenerator<Uint8Array> {
  const pieces = iterate(piecesOf(source));
  let start: Uint8Array = new Uint8Array(0); // enough to tell
  while (start.length < 2) {
    const { done, value } = await pieces.next();
    if (done) break;
    start = start.length === 0 ? value : concat([start, value]);
  }
  const all = startingWith(start, pieces);
  yield* isGzip(start) ? unpacked(all, where) : all;
}

function piecesOf(source: Source): Pieces {
  if (typeof source === "string") return [new TextEncoder().encode(source)];
  return source instanceof Uint8Array ? [source] : source;
}

async function* unpacked(pieces: AsyncGenerator<Uint8Array>, where: string) {
  const packed = new ReadableStream<BufferSource>({
    async pull(controller) {
      const { done, value } = await pieces.next();
      if (done) controller.close();
      else controller.enqueue(value as Uint8Array<ArrayBuffer>);
    },
    cancel: async () => void (await pieces.return(undefined)), // closes the file
  });
  const reader = packed.pipeThrough(new DecompressionStream("gzip")).getReader();
  try {
    for (let numBytes = 0; ; ) {
      const { done, value } = await reader.read();
      if (done) return;
      numBytes += value.length;
      if (numBytes > maxBytes)
        throw new FormatError(`${where}: expected at most ${maxBytes} bytes unpacked, got more`);
      yield value;
    }
  } catch (cause) {
    if (cause instanceof FormatError) throw cause;
    const reason = `(${(cause as Error).message})`;
    const message = `${where}: expected gzip data, got a truncated or damaged file ${reason}`;
    throw new FormatError(message, { cause });
  } finally {
    await reader.cancel().catch(() => {}); // also where the caller needs no more
  }
}

async function* iterate(pieces: Pieces): AsyncGenerator<Uint8Array> {
  yield* pieces;
}

async function* startingWith(first: Uint8Array, others: AsyncGenerator<Uint8Array>) {
  yield first;
  yield* others;
}
