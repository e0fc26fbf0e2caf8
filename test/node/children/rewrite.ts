/** Replace a file over and over, by 2 MiB of one letter at a time, until killed. */
import { writeAtomic } from "../../../src/node/files.ts";

const path = process.argv[2]!;
for (let i = 0; ; i++) {
  writeAtomic(path, new Uint8Array(2 ** 21).fill(97 + (i % 26)));
  if (i === 0) console.log("writing");
}
