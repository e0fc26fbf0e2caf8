/** Where arrays lie that several threads may need: here only, or in memory that all share. */
export interface Memory {
  i32(length: number): Int32Array;
  f64(length: number): Float64Array;
}

export const ownMemory: Memory = {
  i32: (length) => new Int32Array(length),
  f64: (length) => new Float64Array(length),
};

export const sharedMemory: Memory = {
  i32: (length) => new Int32Array(new SharedArrayBuffer(4 * length)),
  f64: (length) => new Float64Array(new SharedArrayBuffer(8 * length)),
};
