/** Typed arrays as text inside a page: how both sides spell them. */
export const arrayTypes = {
  u8: Uint8Array,
  u16: Uint16Array,
  u32: Uint32Array,
  i32: Int32Array,
  f32: Float32Array,
  u64: BigUint64Array,
} as const;

export type ArrayType = keyof typeof arrayTypes;

/** Little-endian; u8 and u16 stand for u32 whose values are that small. */
export interface Packed {
  readonly type: ArrayType;
  readonly base64: string;
}
