/** Tensors from numbers. */
import { type DType, dtypeOf, expectNumber, type HostArray } from "./dtype.ts";
import { ShapeError } from "./errors.ts";
import type { Evaluator } from "./evaluator.ts";
import { leaf } from "./expr.ts";
import { roundFloat16 } from "./float16.ts";
import { checkShape, type Shape, showShape, sizeOf } from "./shape.ts";
import { constantOf, record, Tensor } from "./tensor.ts";

export interface TensorOptions {
  dtype?: DType;
  device?: Evaluator;
}

/** A tensor of given elements, row by row: `tensor([1, 2, 3, 4], [2, 2])`. */
export function tensor(
  data: readonly number[] | HostArray,
  shape?: Shape,
  { dtype, device }: TensorOptions = {},
): Tensor {
  const size = shape ?? [data.length];
  checkShape("tensor", size);
  if (sizeOf(size) !== data.length)
    throw new ShapeError(
      `tensor: expected ${sizeOf(size)} elements for ${showShape(size)}, got ${data.length}`,
    );
  const type = dtype ?? (ArrayBuffer.isView(data) ? dtypeOf(data as HostArray) : "f32");
  return new Tensor(
    leaf(size, type, { host: hostCopy(data, type), buffers: new Map() }),
    device ?? null,
  );
}

/** The caller may change his array later, so it is copied; plain numbers keep double precision. */
function hostCopy(data: readonly number[] | HostArray, dtype: DType): HostArray {
  if (dtype === "bool") return Uint32Array.from(data, (x) => (x ? 1 : 0));
  if (dtype === "f16") return Float32Array.from(data, roundFloat16);
  if (dtype !== "f32") {
    for (const x of data) expectNumber("tensor", x, dtype);
    return dtype === "i32" ? Int32Array.from(data) : Uint32Array.from(data);
  }
  return data instanceof Float32Array ? data.slice() : Float64Array.from(data);
}

/** Row numbers: u32. */
export const indices = (data: readonly number[] | HostArray, shape?: Shape): Tensor =>
  tensor(data, shape, { dtype: "u32" });

/** A tensor without axes. */
export const scalar = (value: number, dtype: DType = "f32"): Tensor =>
  constantOf("scalar", value, dtype);

/** A tensor of one repeated number. */
export const full = (shape: Shape, value: number, dtype: DType = "f32"): Tensor =>
  scalar(value, dtype).expand(shape);
export const zeros = (shape: Shape, dtype: DType = "f32"): Tensor => full(shape, 0, dtype);
export const ones = (shape: Shape, dtype: DType = "f32"): Tensor => full(shape, 1, dtype);

/** 0, 1, … size − 1. */
export const range = (size: number, dtype: DType = "i32"): Tensor =>
  record("iota", [], [size], dtype, { attrs: { axis: 0 } });
