/** Coordinates of rows f32 [·, dim], four at a time. */
import type { Attrs } from "../src/engine/expr.ts";

export const numQuads = ({ dim }: Attrs): number => Math.ceil(Number(dim) / 4);

/** A line per four coordinates. Spelled out, because coordinates in an array would not be in registers. */
export const quadsOf = (attrs: Attrs, line: (quad: number) => string): string =>
  Array.from({ length: numQuads(attrs) }, (_, q) => line(q)).join("\n");

/** Four coordinates of a row, with zeros past the last. */
export function quad(of: string, row: string, which: number, { dim }: Attrs): string {
  const coordinates = [0, 1, 2, 3].map((c) =>
    4 * which + c < Number(dim) ? `${of}[${row} * ${dim}u + ${4 * which + c}u]` : "0.0",
  );
  return `vec4f(${coordinates.join(", ")})`;
}
