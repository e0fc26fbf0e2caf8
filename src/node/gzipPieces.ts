import { constants, crc32, deflateRawSync } from "node:zlib";

/**
 * A gzip file (RFC 1952) of text that comes in pieces. Each is packed by itself up to a whole byte, so the file
 * has one member, which every reader takes, and the memory is that of one piece.
 */
export function* gzipPieces(pieces: Iterable<string>): Generator<Uint8Array> {
  yield Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255); // deflate, no name, no time, any system
  let checksum = 0;
  let numBytes = 0;
  for (const piece of pieces) {
    const bytes = Buffer.from(piece);
    checksum = crc32(bytes, checksum);
    numBytes += bytes.length;
    yield deflateRawSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH });
  }
  yield deflateRawSync(""); // a last block, empty
  const trailer = new DataView(new ArrayBuffer(8));
  trailer.setUint32(0, checksum, true);
  trailer.setUint32(4, numBytes % 2 ** 32, true);
  yield new Uint8Array(trailer.buffer);
}
