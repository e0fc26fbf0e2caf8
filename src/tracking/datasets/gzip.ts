import { FormatError } from "../../engine/errors.ts";

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
  const packed = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream();
  const reader = packed.pipeThrough(new DecompressionStream("gzip")).getReader();
  const chunks: Uint8Array[] = [];
  let numBytes = 0;
  while (true) {
    const { done, value } = await reader.read().catch((cause: Error) => {
      const reason = `(${cause.message})`;
      const message = `${where}: expected gzip data, got a truncated or damaged file ${reason}`;
      throw new FormatError(message, { cause });
    });
    if (done) return concat(chunks, numBytes);
    numBytes += value.length;
    if (numBytes > maxBytes) {
      await reader.cancel();
      throw new FormatError(`${where}: expected at most ${maxBytes} bytes unpacked, got more`);
    }
    chunks.push(value);
  }
}

function concat(chunks: readonly Uint8Array[], numBytes: number): Uint8Array {
  const all = new Uint8Array(numBytes);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}
