/**
 * A list of the k least distances in working memory, and of their rows where the results belong, kept in
 * order by insertion. Rows come in ascending order, so a row that ties with one in the list goes behind it.
 */
import { type Code, type Local, local, set } from "../../src/engine/codegen/wasm/code.ts";
import { loop, repeatWhile, when } from "../../src/engine/codegen/wasm/control.ts";
import { f32, f32x4, i32, v128 } from "../../src/engine/codegen/wasm/instructions.ts";
import { integers, least, wordAt, wordOf } from "./words.ts";

const { add, sub, const: number } = i32;

/** Bytes of working memory; k is less than a thousand. */
export const listBytes = 4096;
export const fitsList = (k: unknown): boolean => 4 * Number(k) <= listBytes;

export interface NearestList {
  /** Empties it; no distance beyond `limit` f32 is taken. */
  clear: (limit: Code) => Code;
  /** Only what is at most as far as this comes into the list: the same number four times. */
  bound: Local;
  /** Takes a distance in, if it belongs there. */
  insert: (distance: Local, row: Code) => Code;
}

/** A list in `entries`, and its rows in `rows` u32 [k], 2³² − 1 where it ends early. */
export function nearestList(
  k: number,
  { entries, rows }: { entries: Code; rows: Code },
): NearestList {
  const [found, place] = integers(2);
  const bound = local("v128");
  const before = sub(place, i32.ne(place, number(0))); // entry 0 where there is none
  const isFarther = (distance: Local): Code =>
    i32.and(i32.ne(place, number(0)), f32.gt(f32.load(wordAt(entries, before)), distance));
  const moveUp = [
    f32.store(wordAt(entries, place), f32.load(wordAt(entries, sub(place, number(1))))),
    i32.store(wordAt(rows, place), wordOf(rows, sub(place, number(1)))),
    set(place, sub(place, number(1))),
  ];
  const isFull = i32.eq(found, number(k));
  const isWanted = (distance: Local): Code => {
    const last = f32x4.extractLane(bound, 0);
    return i32.select(isFull, f32.lt(distance, last), f32.le(distance, last));
  };
  return {
    bound,
    clear: (limit) => [
      loop(place, number(0), number(k), i32.store(wordAt(rows, place), number(-1))),
      set(found, number(0)),
      set(bound, f32x4.splat(limit)),
    ],
    insert: (distance, row) =>
      when(isWanted(distance), [
        set(place, least(found, number(k - 1))),
        repeatWhile(isFarther(distance), moveUp),
        f32.store(wordAt(entries, place), distance),
        i32.store(wordAt(rows, place), row),
        set(found, least(number(k), add(found, number(1)))),
        when(isFull, set(bound, v128.load32Splat(wordAt(entries, number(k - 1))))),
      ]),
  };
}
