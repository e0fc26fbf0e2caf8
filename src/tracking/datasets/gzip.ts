import { FormatError } from "../../engine/errors.ts";
import { concat, type Pieces } from "./pieces.ts";

/** Ten times the largest file of a full event; stops a small file that unpacks without end. */
const maxBytes = 2 ** 30;

/** Does the file start like gzip? Asked of the content, because names lie. */
export const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** Unpacks gzip data with the platform's own decoder; other data, and text, is returned as it is. */
export async function gunzip(
  bytes: Uint8Array | string,
  where: string,
): Promise<Uint8Array | string> {
  if (typeof bytes === "string" || !isGzip(bytes)) return bytes;
  const chunks: Uint8Array[] = [];
  for await (const chunk of gunzipPieces([bytes], where)) chunks.push(chunk);
  return concat(chunks);
}

/** The same piece by piece: no more of a file is held than one of them. */
export async function* gunzipPieces(pieces: Pieces, where: string): AsyncGenerator<Uint8Array> {
  const source = iterate(pieces);
  let start: Uint8Array = new Uint8Array(0); // enough to tell
  while (start.length < 2) {
    const { done, value } = await source.next();
    if (done) break;
    start = start.length === 0 ? value : concat([start, value]);
  }
  const all = startingWith(start, source);
  yield* isGzip(start) ? unpacked(all, where) : all;
}

async function* unpacked(pieces: AsyncIterator<Uint8Array>, where: string) {
  const packed = new ReadableStream<BufferSource>({
    async pull(controller) {
      const { done, value } = await pieces.next();
      if (done) controller.close();
      else controller.enqueue(value as Uint8Array<ArrayBuffer>);
    },
  });
  const reader = packed.pipeThrough(new DecompressionStream("gzip")).getReader();
  for (let numBytes = 0; ; ) {
    const { done, value } = await reader.read().catch((cause: Error) => {
      if (cause instanceof FormatError) throw cause;
      const reason = `(${cause.message})`;
      const message = `${where}: expected gzip data, got a truncated or damaged file ${reason}`;
      throw new FormatError(message, { cause });
    });
    if (done) return;
    numBytes += value.length;
    if (numBytes > maxBytes) {
      await reader.cancel();
      throw new FormatError(`${where}: expected at most ${maxBytes} bytes unpacked, got more`);
    }
    yield value;
  }
}

async function* iterate(pieces: Pieces): AsyncGenerator<Uint8Array> {
  yield* pieces;
}

async function* startingWith(first: Uint8Array, others: AsyncGenerator<Uint8Array>) {
  yield first;
  yield* others;
}
