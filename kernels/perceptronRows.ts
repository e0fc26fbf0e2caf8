import type { HostArray } from "../src/engine/dtype.ts";
import type { Attrs } from "../src/engine/expr.ts";
import { defineKernel, type KernelSpec } from "../src/engine/kernel.ts";
import { stagesOf } from "../src/engine/ops/perceptronStages.ts";
import { rowActivations } from "../src/engine/ops/rowActivations.ts";
import { structureOf } from "./perceptronLayers.ts";
import { barrier, rowBody } from "./perceptronWgsl.ts";
import { perceptronRowsWasm } from "./wasm/perceptronRows.ts";

const [tileRows, lanesPerRow] = [8, 8]; // two arrays of 8 rows of 256 are all that every GPU has

/** What rows are computed from. */
export function rowInputs(attrs: Attrs): Record<string, string> {
  const { own, repeated, parts, layers } = structureOf(attrs);
  const products = { products: `f32 [N, ${layers[0].width * parts.length}]` };
  return {
    flat: "f32 [T]",
    ...Object.fromEntries(own.map(({ part, width }) => [`x${part}`, `f32 [R, ${width}]`])),
    ...(repeated.length > 0 ? products : {}),
    ...Object.fromEntries(repeated.map((part) => [`rows${part}`, "u32 [R]"])),
  };
}

/**
 * perceptronRows: rows through all layers of a perceptron, with nothing stored but the result.
 *
 *   z = W₀ [x₀ | x₁ | …] + b₀,   then per layer  h = act(norm(z)),  z = W h + b
 *
 * Parts xₚ are columns [R, Kₚ]. Where some are rows of a node array by index, their products with W₀
 * were made before, once per node (`products`, all blocks of columns beside each other), and are
 * gathered and added here; a row that does not exist adds 0. All parameters lie in one pack. Norms are
 * over the row.
 *
 * One invocation owns one row, which lives in two private arrays; four results are summed at a time. On
 * GPUs a workgroup owns eight rows in workgroup memory, eight lanes to a row, so that lanes beside each
 * other read the same weight, and each weight is read once for all rows.
 */
export const perceptronRows: KernelSpec = defineKernel({
  name: "perceptronRows",
  inputs: (attrs) => rowInputs(attrs),
  output: (attrs) => `f32 [R, ${stagesOf(attrs).widths.at(-1)}]`,
  numbers: ["epsilon"],
  finishes: true,
  threads: ({ R }) => R,

  reference(inputs, y, { R, N, epsilon }, attrs) {
    for (let r = 0; r < R; r++) {
      const row = referenceRow(r, inputs, { N, epsilon }, attrs);
      for (const [o, value] of row.entries()) y[r * row.length + o] = value;
    }
  },

  wgsl: (attrs) => {
    const { widest } = structureOf(attrs);
    return /* wgsl */ `
  var held: array<f32, ${widest}>;
  var next: array<f32, ${widest}>;
  let r = i;
  const base = 0u;
  const start = 0u;
  const pace = 1u;
  const isRow = true;
${rowBody(attrs, { store: storeRow(attrs) })}`;
  },

  wasm: perceptronRowsWasm,

  variants: [
    {
      name: "tile",
      suits: ({ R }) => R >= 64,
      workgroupSize: lanesPerRow * tileRows,
      workgroups: ({ R }) => Math.ceil(R / tileRows),
      sharedBytes: 2 * 4 * tileRows * 256,
      shared: (attrs) => {
        const { widest } = structureOf(attrs);
        return `var<workgroup> held: array<f32, ${tileRows * widest}>;
var<workgroup> next: array<f32, ${tileRows * widest}>;`;
      },
      wgsl: (attrs) => {
        const { widest } = structureOf(attrs);
        return /* wgsl */ `
  let base = (lane % ${tileRows}u) * ${widest}u;
  let start = lane / ${tileRows}u; // of the lanes of a row
  const pace = ${lanesPerRow}u;
  let isRow = tile * ${tileRows}u + lane % ${tileRows}u < dims.R;
  let r = min(tile * ${tileRows}u + lane % ${tileRows}u, dims.R - 1u); // a row beyond the last is not stored
${rowBody(attrs, { barrier, store: storeRow(attrs) })}`;
      },
    },
  ],
});

/** Stores result o + t of row r. */
const storeRow =
  (attrs: Attrs) =>
  (value: string): string =>
    `if (isRow) { store(r * ${stagesOf(attrs).widths.at(-1)}u + o + t, ${value}); }`;

/** Row r through all layers, in plain loops. */
export function referenceRow(
  r: number,
  [flat, ...operands]: readonly HostArray[],
  { N, epsilon }: { N: number; epsilon: number },
  attrs: Attrs,
): number[] {
  const { layers, own, repeated, parts, norm, ...stages } = structureOf(attrs);
  const [products, ...rows] = operands.slice(own.length);
  let held = own.flatMap(({ width }, which) => [
    ...operands[which].subarray(r * width, (r + 1) * width),
  ]);
  const columns = own.flatMap(({ width, column }) =>
    Array.from({ length: width }, (_, k) => column + k),
  );
  for (const [which, { width, weight, bias, scale, shift, pitch }] of layers.entries()) {
    const isLast = which === layers.length - 1;
    const z = Array.from({ length: width }, (_, o) => {
      let sum = flat[bias + o];
      for (const [k, h] of held.entries())
        sum += h * flat[weight + o * pitch + (which === 0 ? columns[k] : k)];
      if (which === 0)
        for (const [g, part] of repeated.entries())
          if (rows[g][r] < N) sum += products[(rows[g][r] * width + o) * parts.length + part];
      return sum;
    });
    const mean = z.reduce((a, b) => a + b, 0) / width;
    const variance = z.reduce((sum, v) => sum + (v - mean) ** 2, 0) / width;
    const act = rowActivations[isLast ? stages.outputActivation : stages.activation].js;
    held = z.map((v, o) => {
      if (isLast || norm === "none") return act(v);
      const normal = (v - mean) / Math.sqrt(variance + epsilon);
      return act(norm === "affine" ? normal * flat[scale + o] + flat[shift + o] : normal);
    });
  }
  return held;
}
