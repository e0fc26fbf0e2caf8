/** Loads and stores of several elements at once, by how their offsets are spread. */
import type { DType } from "../../dtype.ts";
import { type Code, type Local, local, set, tee } from "./code.ts";
import { choose, whenElse } from "./control.ts";
import { type Format, formatOf } from "./format.ts";
import { i32, i32x4 } from "./instructions.ts";
import { isUniform, type Lanes, numberOf, times } from "./lanes.ts";

const four = [0, 1, 2, 3];
const addressOf = ({ shift }: Format, buffer: Code, element: Code): Code =>
  i32.add(buffer, i32.shl(element, i32.const(shift)));

/** The elements at the offsets; `keep` receives the statements. */
export function load(
  dtype: DType,
  buffer: Code,
  offset: Lanes,
  vectors: number,
  keep: (statement: Code) => void,
): Lanes {
  const format = formatOf(dtype);
  const { splat, adjacent, decode } = format;
  const hold = (type: "i32" | "v128", code: Code): Local => {
    const to = local(type);
    keep(set(to, code));
    return to;
  };
  if (isUniform(offset)) {
    const address = addressOf(format, buffer, numberOf(offset));
    if (dtype === "i32" || dtype === "u32")
      return { kind: "number", code: hold("i32", i32.load(address)) };
    return { kind: "same", vector: hold("v128", decode(splat(address))) };
  }
  const all = Array.from({ length: vectors }, (_, which) => which);
  if (offset.kind === "steps") {
    const address = hold("i32", addressOf(format, buffer, offset.base));
    const stride = offset.isUnit ? 1 : hold("i32", i32.shl(offset.stride, i32.const(format.shift)));
    const read = all.map((which) => {
      const together = adjacent(address, which);
      if (offset.isUnit) return together;
      const apart = strided(format, address, stride, 4 * which);
      const spread = choose(i32.eqz(stride), splat(address), apart);
      return choose(i32.eq(stride, i32.const(1 << format.shift)), together, spread);
    });
    return { kind: "each", vectors: read.map((x) => hold("v128", decode(x))) };
  }
  const { vectors: offsets } = offset as Lanes & { kind: "each" };
  const read = all.map((which) => scattered(format, buffer, offsets[which]));
  return { kind: "each", vectors: read.map((x) => hold("v128", decode(x))) };
}

/** Four elements `stride` bytes apart, from element number `first` on. */
const strided = ({ splat, one }: Format, address: Code, stride: Code, first: number): Code =>
  four.reduce((x: Code, lane) => {
    const at = i32.add(address, times(stride, first + lane));
    return lane === 0 ? splat(at) : one(at, x, lane);
  }, []);

/** Four elements at offsets of their own. */
const scattered = (format: Format, buffer: Code, offsets: Code): Code =>
  four.reduce((x: Code, lane) => {
    const at = addressOf(format, buffer, i32x4.extractLane(offsets, lane));
    return lane === 0 ? format.splat(at) : format.one(at, x, lane);
  }, []);

/** Stores vector number 0, 1, … of a value. In uniform code there is one element. */
export function store(dtype: DType, buffer: Code, offset: Lanes, values: readonly Code[]): Code[] {
  const format = formatOf(dtype);
  const x = local("v128");
  const held = (value: Code): Code => set(x, format.encode(value));
  if (isUniform(offset)) {
    const address = addressOf(format, buffer, numberOf(offset));
    return [held(values[0]), format.storeOne(address, x, 0)];
  }
  if (offset.kind === "each")
    return values.map((value, which) => [
      held(value),
      four.map((lane) => {
        const at = addressOf(format, buffer, i32x4.extractLane(offset.vectors[which], lane));
        return format.storeOne(at, x, lane);
      }),
    ]);
  const { base, stride, isUnit } = offset as Lanes & { kind: "steps" };
  const address = local("i32");
  const step = local("i32");
  const together = values.map((value, which) =>
    format.storeAdjacent(address, format.encode(value), which),
  );
  const start = set(address, addressOf(format, buffer, base));
  if (isUnit) return [start, together];
  const apart = values.map((value, which) => [
    held(value),
    four.map((lane) => format.storeOne(i32.add(address, times(step, 4 * which + lane)), x, lane)),
  ]);
  const bytes = tee(step, i32.shl(stride, i32.const(format.shift)));
  return [start, whenElse(i32.eq(bytes, i32.const(1 << format.shift)), together, apart)];
}
