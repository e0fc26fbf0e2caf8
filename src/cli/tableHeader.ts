import { filePieces } from "../node/files.ts";
import { unpackedPieces } from "../tracking/datasets/gzip.ts";

/** Names of the columns of a table, plain or gzip: what its first line holds. */
export async function tableHeader(file: string): Promise<string[]> {
  const decoder = new TextDecoder(); // leaves out a byte order mark
  let text = "";
  for await (const piece of unpackedPieces(filePieces(file), file)) {
    text += decoder.decode(piece, { stream: true });
    if (text.includes("\n") || text.length > longestHeader) break;
  }
  return text.slice(0, longestHeader).split(/\r?\n/, 1)[0].split(",");
}

const longestHeader = 2 ** 16; // characters; what goes on for longer is no table
