/**
 * What the WGSL of perceptrons, forward and backward, is put together from. A row of the tile at hand lies in
 * arrays from `base` on; `pace` lanes share it, of which this one, number `start`, does every `pace`-th
 * column, or every `pace`-th four. `r` is its number, and `isRow` false where there is no such row.
 */
import type { Attrs } from "../src/engine/expr.ts";
import { type RowActivation, rowActivations } from "../src/engine/ops/rowActivations.ts";
import { type RowLayer, structureOf } from "./perceptronLayers.ts";

type Structure = ReturnType<typeof structureOf>;

export const activate = (name: RowActivation): string => rowActivations[name].wgsl("v");

/** Own parts side by side into `held`. */
export const loadOwn = ({ own }: Structure): string =>
  own
    .map(
      ({ part, width, at }) =>
        `  for (var k = start; k < ${width}u; k += pace) { held[base + ${at}u + k] = x${part}[r * ${width}u + k]; }\n`,
    )
    .join("");

/** Where the products of the gathered rows begin. */
export const findNodes = ({ repeated, layers, parts }: Structure): string =>
  repeated
    .map(
      (part) => `  let isRow${part} = rows${part}[r] < dims.N;
  let row${part} = select(0u, rows${part}[r], isRow${part}) * ${layers[0].width * parts.length}u;
`,
    )
    .join("");

/** Results o … o + 3 of an affine map of `held` as `sum`; `store` is for each of them, number t. */
export function affine(
  { layers, repeated, parts }: Structure,
  which: number,
  store: string,
): string {
  const { width, weight, bias, pitch, stretches } = layers[which];
  const products = (which > 0 ? [] : repeated).map((part) => {
    const c = (x: string) => `products[row${part} + column.${x} * ${parts.length}u + ${part}u]`;
    return `    if (isRow${part}) { sum += vec4f(${["x", "y", "z", "w"].map(c).join(", ")}); }\n`;
  });
  // columns of the input in memory, in the order of the weight's
  const sums = stretches.map(
    ({ at, column, width }) => `    for (var k = 0u; k < ${width}u; k++) {
      let c = weights + (k + ${column}u);
      sum += held[base + ${at}u + k] * vec4f(flat[c.x], flat[c.y], flat[c.z], flat[c.w]);
    }
`,
  );
  return `  for (var o = 4u * start; o < ${width}u; o += 4u * pace) {
    let column = min(vec4u(o, o + 1u, o + 2u, o + 3u), vec4u(${width - 1}u));
    let weights = ${weight}u + column * ${pitch}u;
    var sum = vec4f(flat[${bias}u + column.x], flat[${bias}u + column.y], flat[${bias}u + column.z], flat[${bias}u + column.w]);
${products.join("")}${sums.join("")}    for (var t = 0u; t < min(4u, ${width}u - o); t++) { ${store} }
  }
`;
}

/** `mean` of the row in `next`, and `scale`, one by its deviation. */
export const statistics = (width: number): string => `  var mean = 0.0;
  for (var k = 0u; k < ${width}u; k++) { mean += next[base + k]; }
  mean /= ${width}.0;
  var variance = 0.0;
  for (var k = 0u; k < ${width}u; k++) {
    let d = next[base + k] - mean;
    variance += d * d;
  }
  let scale = inverseSqrt(variance / ${width}.0 + dims.epsilon);
`;

/** The value x of column k after the norm's learned scale and shift. */
export const scaled = ({ norm }: Structure, { scale, shift }: RowLayer, x: string): string =>
  norm === "affine" ? `${x} * flat[${scale}u + k] + flat[${shift}u + k]` : x;

export const barrier = "  workgroupBarrier(); // all lanes of the row have written their columns\n";

/** All layers of row r; `store` is for result o + t. Lanes that share a row wait for each other at a barrier. */
export function rowBody(
  attrs: Attrs,
  { store, barrier = "" }: { store: (value: string) => string; barrier?: string },
): string {
  const structure = structureOf(attrs);
  const { layers, norm, activation, outputActivation } = structure;
  const body = layers.map((layer, which) => {
    const { width } = layer;
    if (which === layers.length - 1)
      return affine(structure, which, `let v = sum[t]; ${store(activate(outputActivation))}`);
    const normal = norm === "none" ? "next[base + k]" : "(next[base + k] - mean) * scale";
    return `${affine(structure, which, "next[base + o + t] = sum[t];")}${barrier}  {
${norm === "none" ? "" : statistics(width)}  for (var k = start; k < ${width}u; k += pace) {
    let v = ${scaled(structure, layer, normal)};
    held[base + k] = ${activate(activation)};
  }
  }
${barrier}`;
  });
  return [loadOwn(structure), barrier, findNodes(structure), ...body].join("");
}
