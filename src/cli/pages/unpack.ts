import { arrayTypes, type Packed } from "./packed.ts";

/** What `packArrays` was given. */
export const unpackArrays = <T>(value: unknown): T => unpacked(value) as T;

function unpacked(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(unpacked);
  if ("base64" in value && "type" in value) return unpack(value as Packed);
  return Object.fromEntries(Object.entries(value).map(([name, of]) => [name, unpacked(of)]));
}

function unpack({ type, base64 }: Packed) {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  if (type === "u8") return Uint32Array.from(bytes);
  if (type === "u16") return Uint32Array.from(new Uint16Array(bytes.buffer));
  return new arrayTypes[type](bytes.buffer);
}
