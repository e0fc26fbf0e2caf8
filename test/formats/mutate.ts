import { FormatError } from "../../src/engine/errors.ts";
import { randomFrom } from "../helpers/generate.ts";

/** A copy of `bytes` with a few random wounds, most of them near the start or the end. */
export function mutated(bytes: Uint8Array, random: () => number): Uint8Array {
  let copy = Buffer.from(bytes);
  const below = (n: number) => Math.floor(random() * n);
  const place = () => {
    const near = below(Math.min(copy.length, 400));
    return [below(copy.length), near, copy.length - 1 - near][below(3)]!;
  };
  for (let wounds = 1 + below(4); wounds > 0 && copy.length > 8; wounds--) {
    const at = place();
    const length = 1 + below(Math.min(64, copy.length - at));
    const [before, piece, after] = [
      copy.subarray(0, at),
      copy.subarray(at, at + length),
      copy.subarray(at + length),
    ];
    const kind = below(9);
    if (kind === 0)
      copy = Buffer.from(before); // truncated
    else if (kind === 1)
      copy = Buffer.concat([before, after]); // a piece missing
    else if (kind === 2)
      copy = Buffer.concat([before, piece, piece, after]); // a piece twice
    else if (kind === 3)
      copy = Buffer.concat([
        before,
        Buffer.from(copy.subarray(place())).subarray(0, length),
        after,
      ]);
    else if (kind === 4) piece.fill([0, 255, 0x28, 0x7f][below(4)]!);
    else if (kind === 5) copy[at] = copy[at]! ^ (1 << below(8));
    else if (kind === 6) copy[at] = below(256);
    else if (kind === 7) copy[at] = copy[at]! + (below(2) === 0 ? 1 : -1);
    else copy[at] = 0x30 + below(10); // another digit, in text
  }
  return copy;
}

export interface FuzzCount {
  accepted: number;
  refused: number;
}

/** Read `times` mutants of a file: each is either read or refused with a FormatError. */
export function fuzz(
  original: Uint8Array,
  read: (bytes: Uint8Array) => unknown,
  { times, seed }: { times: number; seed: number },
): FuzzCount {
  const random = randomFrom(seed);
  const count: FuzzCount = { accepted: 0, refused: 0 };
  const memory = process.memoryUsage().arrayBuffers;
  for (let i = 0; i < times; i++) {
    const bytes = mutated(original, random);
    try {
      read(bytes);
      count.accepted++;
    } catch (error) {
      if (!(error instanceof FormatError))
        throw new Error(`mutant ${i} of seed ${seed}: ${error}`, { cause: error });
      if (error.message.length > 1000) throw new Error(`mutant ${i} of seed ${seed}: long message`);
      count.refused++;
    }
    const grown = process.memoryUsage().arrayBuffers - memory;
    if (grown > 2 ** 30) throw new Error(`mutant ${i} of seed ${seed}: ${grown} bytes in use`);
  }
  return count;
}
