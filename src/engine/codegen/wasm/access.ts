/** Loads and stores of several elements at once, by how their offsets are spread. */
import type { DType } from "../../dtype.ts";
import { type Code, type Local, local, set, tee } from "./code.ts";
import { choose, whenElse } from "./control.ts";
import { i32, i32x4, v128 } from "./instructions.ts";
import { isUniform, type Lanes, numberOf, times } from "./lanes.ts";

const four = [0, 1, 2, 3];
const bytes = (elements: Code): Code => i32.shl(elements, i32.const(2));
const addressOf = (buffer: Code, element: Code): Code => i32.add(buffer, bytes(element));

/** From how a value lies in memory to how it is computed with: truth is all bits. */
const decoded = (dtype: DType, x: Code): Code =>
  dtype === "bool" ? i32x4.ne(x, i32x4.const(0)) : x;
const encoded = (dtype: DType, x: Code): Code =>
  dtype === "bool" ? v128.and(x, i32x4.const(1)) : x;

/** The elements at the offsets; `keep` receives the statements. */
export function load(
  dtype: DType,
  buffer: Code,
  offset: Lanes,
  vectors: number,
  keep: (statement: Code) => void,
): Lanes {
  const hold = (type: "i32" | "v128", code: Code): Local => {
    const to = local(type);
    keep(set(to, code));
    return to;
  };
  if (isUniform(offset)) {
    const address = addressOf(buffer, numberOf(offset));
    if (dtype === "i32" || dtype === "u32")
      return { kind: "number", code: hold("i32", i32.load(address)) };
    return { kind: "same", vector: hold("v128", decoded(dtype, v128.load32Splat(address))) };
  }
  const all = Array.from({ length: vectors }, (_, which) => which);
  if (offset.kind === "steps") {
    const address = hold("i32", addressOf(buffer, offset.base));
    const stride = offset.isUnit ? 1 : hold("i32", bytes(offset.stride));
    const read = all.map((which) => {
      const adjacent = v128.load(address, 16 * which);
      if (offset.isUnit) return adjacent;
      const apart = strided(address, stride, 4 * which);
      const spread = choose(i32.eqz(stride), v128.load32Splat(address), apart);
      return choose(i32.eq(stride, i32.const(4)), adjacent, spread);
    });
    return { kind: "each", vectors: read.map((x) => hold("v128", decoded(dtype, x))) };
  }
  const { vectors: offsets } = offset as Lanes & { kind: "each" };
  const read = all.map((which) => scattered(buffer, offsets[which]));
  return { kind: "each", vectors: read.map((x) => hold("v128", decoded(dtype, x))) };
}

/** Four words `stride` bytes apart, from word number `first` on. */
const strided = (address: Code, stride: Code, first: number): Code =>
  four.reduce((x: Code, lane) => {
    const at = i32.add(address, times(stride, first + lane));
    return lane === 0 ? v128.load32Splat(at) : v128.load32Lane(at, x, lane);
  }, []);

/** Four words at offsets of their own. Lane loads want the address first. */
const scattered = (buffer: Code, offsets: Code): Code =>
  four.reduce((x: Code, lane) => {
    const at = addressOf(buffer, i32x4.extractLane(offsets, lane));
    return lane === 0 ? v128.load32Splat(at) : v128.load32Lane(at, x, lane);
  }, []);

/** Stores vector number 0, 1, … of a value. In uniform code there is one element. */
export function store(dtype: DType, buffer: Code, offset: Lanes, values: readonly Code[]): Code[] {
  if (isUniform(offset)) {
    const address = addressOf(buffer, numberOf(offset));
    return [v128.store32Lane(address, encoded(dtype, values[0]), 0)];
  }
  const x = local("v128");
  const held = (value: Code): Code => set(x, encoded(dtype, value));
  if (offset.kind === "each")
    return values.map((value, which) => [
      held(value),
      four.map((lane) => {
        const at = addressOf(buffer, i32x4.extractLane(offset.vectors[which], lane));
        return v128.store32Lane(at, x, lane);
      }),
    ]);
  const { base, stride, isUnit } = offset as Lanes & { kind: "steps" };
  const address = local("i32");
  const step = local("i32");
  const adjacent = values.map((value, which) =>
    v128.store(address, encoded(dtype, value), 16 * which),
  );
  const start = set(address, addressOf(buffer, base));
  if (isUnit) return [start, adjacent];
  const apart = values.map((value, which) => [
    held(value),
    four.map((lane) => v128.store32Lane(i32.add(address, times(step, 4 * which + lane)), x, lane)),
  ]);
  return [start, whenElse(i32.eq(tee(step, bytes(stride)), i32.const(4)), adjacent, apart)];
}
