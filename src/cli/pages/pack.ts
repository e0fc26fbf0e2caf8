import { type ArrayType, arrayTypes, type Packed } from "./packed.ts";

/** The same value with every typed array in it as text; `unpackArrays` is its inverse. */
export function packArrays(value: unknown): unknown {
  if (ArrayBuffer.isView(value)) return pack(value);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(packArrays);
  return Object.fromEntries(Object.entries(value).map(([name, of]) => [name, packArrays(of)]));
}

function pack(values: ArrayBufferView): Packed {
  const type = typeOf(values);
  const isNarrow = type === "u8" || type === "u16";
  const stored = isNarrow ? arrayTypes[type].from(values as Uint32Array) : values;
  const { buffer, byteOffset, byteLength } = stored;
  return { type, base64: Buffer.from(buffer, byteOffset, byteLength).toString("base64") };
}

function typeOf(values: ArrayBufferView): ArrayType {
  if (values instanceof Uint32Array) {
    const largest = values.reduce((a, b) => Math.max(a, b), 0);
    return largest < 2 ** 8 ? "u8" : largest < 2 ** 16 ? "u16" : "u32";
  }
  const found = Object.entries(arrayTypes).find(([, type]) => values instanceof type);
  if (!found) throw new Error(`packArrays: expected ${Object.keys(arrayTypes)}, got ${values}`);
  return found[0] as ArrayType;
}
