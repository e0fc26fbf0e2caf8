/** Where tensors lie that share one buffer. */
import { type Shape, sizeOf } from "./shape.ts";

/** Elements: pieces of f32 then begin at multiples of 256 bytes, as bindings of any device may. */
const alignment = 64;

export interface Layout {
  /** First element of each piece. */
  starts: readonly number[];
  /** Elements in all, those between the pieces included. */
  total: number;
}

/** One after the other, each begun anew at a multiple of 64 elements. An empty one takes 64, too. */
export function layoutOf(shapes: readonly Shape[]): Layout {
  let total = 0;
  const starts = shapes.map((shape) => {
    const start = total;
    total += alignment * Math.max(1, Math.ceil(sizeOf(shape) / alignment));
    return start;
  });
  return { starts, total };
}
