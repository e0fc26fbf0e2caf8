/**
 * Tensors as files hold them: element type, shape and numbers in ordinary memory.
 *
 * F16 and BF16 arrive as Float32Array, which holds their values exactly; writing rounds them back.
 * 64-bit integers are BigInt arrays. Bytes are little-endian, like every machine that runs this.
 */
import { DTypeError, ShapeError } from "../errors.ts";
import { expectFloat16, float16Bits, float16Value } from "../float16.ts";

export interface HostTensor {
  dtype: StoredType;
  shape: number[];
  data: HostArray;
}

export type HostArray =
  | Float64Array
  | Float32Array
  | BigInt64Array
  | BigUint64Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array;
/** Element types under the names of the safetensors format. */
export type StoredType = keyof typeof storedTypes;

/** One row per element type: its size in a file, and the array that holds it in memory. */
export const storedTypes = {
  F64: { bytes: 8, array: Float64Array },
  F32: { bytes: 4, array: Float32Array },
  F16: { bytes: 2, array: Float32Array },
  BF16: { bytes: 2, array: Float32Array },
  I64: { bytes: 8, array: BigInt64Array },
  U64: { bytes: 8, array: BigUint64Array },
  I32: { bytes: 4, array: Int32Array },
  U32: { bytes: 4, array: Uint32Array },
  I16: { bytes: 2, array: Int16Array },
  U16: { bytes: 2, array: Uint16Array },
  I8: { bytes: 1, array: Int8Array },
  U8: { bytes: 1, array: Uint8Array },
  BOOL: { bytes: 1, array: Uint8Array },
} as const;

/** Types of 16 bits that JavaScript has no array for: to and from the value of a bit pattern. */
const half = {
  F16: { decode: float16Value, encode: float16Bits },
  BF16: { decode: bfloat16Value, encode: bfloat16Bits },
};

export const isStoredType = (name: unknown): name is StoredType =>
  typeof name === "string" && Object.hasOwn(storedTypes, name);

/** Number of elements of a shape; 1 without axes. */
export const elementsOf = (shape: readonly number[]): number => shape.reduce((n, d) => n * d, 1);

/** The values of raw bytes: a view of them where type and alignment permit, else a copy. */
export function decode(dtype: StoredType, bytes: Uint8Array): HostArray {
  const { bytes: size, array } = storedTypes[dtype];
  const { buffer, byteOffset } = aligned(size, bytes);
  const length = bytes.length / size;
  if (dtype !== "F16" && dtype !== "BF16")
    return new array(buffer as ArrayBuffer, byteOffset, length);
  const values = new Float32Array(length);
  const bits = new Uint16Array(buffer, byteOffset, length);
  for (let i = 0; i < length; i++) values[i] = half[dtype].decode(bits[i]!);
  return values;
}

/** The bytes that a file holds for these values. */
export function encode({ dtype, data }: HostTensor): Uint8Array {
  if (dtype !== "F16" && dtype !== "BF16")
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const bits = new Uint16Array(data.length);
  for (let i = 0; i < data.length; i++) bits[i] = half[dtype].encode(Number(data[i]));
  return new Uint8Array(bits.buffer);
}

function aligned(size: number, bytes: Uint8Array): Uint8Array {
  return bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes); // a copy starts at 0
}

/** Refuse a tensor whose parts contradict each other; `where` names it in the message. */
export function checkTensor({ dtype, shape, data }: HostTensor, where: string): void {
  if (!isStoredType(dtype))
    throw new DTypeError(`${where}: expected ${Object.keys(storedTypes).join("|")}, got ${dtype}`);
  const { array } = storedTypes[dtype];
  if (!(data instanceof array))
    throw new DTypeError(`${where}: expected ${array.name} for ${dtype}, got ${kindOf(data)}`);
  if (!shape.every(isSize) || elementsOf(shape) !== data.length)
    throw new ShapeError(`${where}: expected values of [${shape}], got ${data.length} of them`);
}

const kindOf = (value: unknown): string => Object(value).constructor?.name ?? "nothing";
export const isSize = (n: unknown): n is number => Number.isSafeInteger(n) && (n as number) >= 0;

/** The values as f32, rounded from wider types; a view where they are f32 already. */
export function toFloat32({ data }: HostTensor): Float32Array {
  return data instanceof Float32Array ? data : Float32Array.from(data as Float64Array, Number);
}

/** The tensor in another precision; throws if f16 cannot hold a number, naming `where`. */
export function inPrecision(tensor: HostTensor, dtype: "F32" | "F16", where: string): HostTensor {
  const data = toFloat32(tensor);
  if (dtype === "F16") expectFloat16(where, data);
  return { dtype, shape: tensor.shape, data };
}

const scratch = new DataView(new ArrayBuffer(4));

/** The upper half of a binary32. */
function bfloat16Value(bits: number): number {
  scratch.setUint32(0, bits << 16);
  return scratch.getFloat32(0);
}

function bfloat16Bits(value: number): number {
  scratch.setFloat32(0, value);
  const bits = scratch.getUint32(0);
  if ((bits & 0x7fffffff) > 0x7f800000) return ((bits >>> 16) & 0x8000) | 0x7fc0; // NaN
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}
