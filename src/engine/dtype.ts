import { DTypeError } from "./errors.ts";
import { float16Bits, float16Value } from "./float16.ts";

/**
 * What a tensor holds. `bool` is stored as u32 0 or 1. `f16` is for storage: it can be moved and cast,
 * and whoever computes with it casts it to f32 first, in the same launch.
 */
export type DType = "f32" | "f16" | "i32" | "u32" | "bool";

/** Values on the host. `Float64Array` only where the device computes in double precision. */
export type HostArray = Float32Array | Float64Array | Int32Array | Uint32Array;

/** Values as they lie in memory: those of f16 as their bits. */
export type StoredArray = HostArray | Uint16Array;

/** Precision in which a device stores `f32`: f64 makes the `js` backend an oracle. */
export type Precision = "f32" | "f64";

export const isFloat = (dtype: DType): boolean => dtype === "f32" || dtype === "f16";
export const isInteger = (dtype: DType): boolean => dtype === "i32" || dtype === "u32";

/** Bytes of one element. */
export function bytesPer(dtype: DType, precision: Precision = "f32"): number {
  if (dtype === "f16") return 2;
  return dtype === "f32" && precision === "f64" ? 8 : 4;
}

/** A zeroed host array for `count` elements. There are none of f16: its values are held as f32. */
export function hostArray(dtype: DType, count: number, precision: Precision = "f32"): HostArray {
  const type = dtype === "f16" ? "f32" : dtype;
  const memory = new ArrayBuffer(count * bytesPer(type, precision));
  return arrayOver(type, memory, precision) as HostArray;
}

/** Writes values as they lie in memory, from its beginning on. */
export function packInto(memory: StoredArray, data: HostArray): void {
  if (memory instanceof Uint16Array) memory.set(Uint16Array.from(data, float16Bits));
  else memory.set(data);
}

/** The first `count` values that lie in memory. */
export function unpack(
  memory: StoredArray,
  dtype: DType,
  count: number,
  precision: Precision = "f32",
): HostArray {
  const data = hostArray(dtype, count, precision);
  if (memory instanceof Uint16Array)
    for (let i = 0; i < count; i++) data[i] = float16Value(memory[i]);
  else data.set(memory.subarray(0, count));
  return data;
}

/** Memory, from byte `start` on, as elements of a dtype. */
export function arrayOver(
  dtype: DType,
  memory: ArrayBuffer,
  precision: Precision = "f32",
  start = 0,
  bytes = memory.byteLength,
): StoredArray {
  const count = bytes / bytesPer(dtype, precision);
  if (dtype === "f16") return new Uint16Array(memory, start, count);
  if (dtype === "f32")
    return precision === "f64"
      ? new Float64Array(memory, start, count)
      : new Float32Array(memory, start, count);
  return dtype === "i32"
    ? new Int32Array(memory, start, count)
    : new Uint32Array(memory, start, count);
}

/** The dtype that a typed array holds. */
export function dtypeOf(data: HostArray): DType {
  if (data instanceof Int32Array) return "i32";
  return data instanceof Uint32Array ? "u32" : "f32";
}

/** Throws unless `dtype` is one of `wanted`; `where` is the op's name. */
export function expectDType(where: string, dtype: DType, wanted: readonly DType[]): void {
  if (wanted.includes(dtype)) return;
  const fix = isFloat(dtype) ? `use cast("${wanted[0]}")` : `cast it first`;
  throw new DTypeError(`${where}: expected ${wanted.join(" or ")}, got ${dtype} (${fix})`);
}

const ranges = { i32: [-(2 ** 31), 2 ** 31 - 1], u32: [0, 2 ** 32 - 1] } as const;

/** Throws if an integer dtype cannot hold the number, which backends would round in their own ways. */
export function expectNumber(where: string, value: number, dtype: DType): void {
  if (dtype !== "i32" && dtype !== "u32") return;
  const [low, high] = ranges[dtype];
  if (!Number.isInteger(value) || value < low || value > high)
    throw new DTypeError(
      `${where}: expected a whole number of ${low}…${high} beside ${dtype}, got ${value} (use cast("f32"))`,
    );
}
