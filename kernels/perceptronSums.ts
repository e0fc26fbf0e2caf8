import type { Attrs } from "../src/engine/expr.ts";
import { defineKernel, type KernelSpec } from "../src/engine/kernel.ts";
import { stagesOf } from "../src/engine/ops/perceptronStages.ts";
import { structureOf } from "./perceptronLayers.ts";
import { referenceRow, rowInputs } from "./perceptronRows.ts";
import { barrier, rowBody } from "./perceptronWgsl.ts";
import { perceptronSumsWasm } from "./wasm/perceptronSums.ts";

const [tileRows, lanesPerRow] = [8, 8];
const [places, placesOfTile] = [32, 128];

/**
 * perceptronSums: sums by segment of what perceptronRows makes of each row, with no row stored.
 *
 *   y[s] = Σ perceptron(x[r])        over r = order[at], offsets[s] ≤ at < offsets[s+1]
 *
 * The places of all segments, one for each and one for each of its rows, lie one after the other: segment s
 * begins at place offsets[s] + s. They are cut into blocks of equal length, and a block owns the segments
 * that begin in it, which it finds by bisection. So the work is even whatever the lengths of segments,
 * unless one is longer than many blocks; every sum is made by one block in the order of its rows: no
 * atomics, nothing to be combined afterwards, and the same bits every time.
 *
 * One invocation owns a block. On GPUs a workgroup does, eight rows at a time as in perceptronRows, whose
 * results its lanes then add up, each for some of the columns.
 */
export const perceptronSums: KernelSpec = defineKernel({
  name: "perceptronSums",
  inputs: (attrs) => ({
    ...rowInputs(attrs),
    offsets: "u32 [S+1]",
    order: "u32 [R]",
    segmentOf: "u32 [R]",
  }),
  output: (attrs) => `f32 [S, ${stagesOf(attrs).widths.at(-1)}]`,
  numbers: ["epsilon"],
  finishes: true,
  threads: ({ R, S }) => Math.ceil((R + S) / places),

  reference(inputs, y, { S, N, epsilon }, attrs) {
    const [offsets, order] = inputs.slice(-3);
    for (let s = 0; s < S; s++)
      for (let at = offsets[s]; at < offsets[s + 1]; at++) {
        const row = referenceRow(order[at], inputs, { N, epsilon }, attrs);
        for (const [o, value] of row.entries()) y[s * row.length + o] += value;
      }
  },

  wasm: perceptronSumsWasm,

  wgsl: (attrs) => {
    const { widest } = structureOf(attrs);
    return /* wgsl */ `
  var held: array<f32, ${widest}>;
  var next: array<f32, ${widest}>;
  var total: array<f32, ${stagesOf(attrs).widths.at(-1)}>;
  let block = i;
  const row = 0u;
  const base = 0u;
  const start = 0u;
  const pace = 1u;
  const own = 0u;
${blockBody(attrs, { rows: 1, lanes: 1, places })}`;
  },

  variants: [
    {
      name: "tile",
      suits: ({ R }) => R >= 64,
      workgroupSize: lanesPerRow * tileRows,
      workgroups: ({ R, S }) => Math.ceil((R + S) / placesOfTile),
      sharedBytes: 4 * (2 * tileRows + 1) * 256,
      shared: (attrs) => {
        const { widest } = structureOf(attrs);
        return `var<workgroup> held: array<f32, ${tileRows * widest}>;
var<workgroup> next: array<f32, ${tileRows * widest}>;
var<workgroup> total: array<f32, ${stagesOf(attrs).widths.at(-1)}>;`;
      },
      wgsl: (attrs) => {
        const { widest } = structureOf(attrs);
        const lanes = tileRows * lanesPerRow;
        return /* wgsl */ `
  let block = tile;
  let row = lane % ${tileRows}u;
  let base = row * ${widest}u;
  let start = lane / ${tileRows}u; // of the lanes of a row
  const pace = ${lanesPerRow}u;
  let own = lane;
${blockBody(attrs, { rows: tileRows, lanes, places: placesOfTile })}`;
      },
    },
  ],
});

/** All segments of a block: `lanes` share them, of which this is number `own`, and `rows` at a time. */
function blockBody(
  attrs: Attrs,
  { rows, lanes, places }: { rows: number; lanes: number; places: number },
): string {
  const { widest, widths } = structureOf(attrs);
  const width = widths.at(-1);
  const wait = lanes > 1 ? barrier : "";
  const row = rowBody(attrs, { barrier: wait, store: (value) => `next[base + o + t] = ${value};` });
  const eachColumn = (body: string) =>
    `for (var k = own; k < ${width}u; k += ${lanes}u) { ${body} }`;
  const storeBefore = (end: string) =>
    `for (; s < ${end}; s++) { ${eachColumn(`store(s * ${width}u + k, total[k]); total[k] = 0.0;`)} }`;
  return `${firstSegment("s", `block * ${places}u`)}${firstSegment("end", `(block + 1u) * ${places}u`)}
  ${eachColumn("total[k] = 0.0;")}
  let stop = offsets[end];
  for (var first = offsets[s]; first < stop; first += ${rows}u) {
    let r = order[min(first + row, stop - 1u)]; // one beyond the last is not added
${row}${wait}    for (var t = 0u; t < min(${rows}u, stop - first); t++) {
      let segment = segmentOf[order[first + t]];
      ${storeBefore("segment")}
      ${eachColumn(`total[k] += next[t * ${widest}u + k];`)}
    }
${wait}  }
  ${storeBefore("end")}
`;
}

/** The first segment that begins at `place` or later. */
const firstSegment = (name: string, place: string): string => `  var ${name} = 0u;
  for (var left = dims.S; left > 0u;) {
    let middle = ${name} + left / 2u;
    let isBefore = offsets[middle] + middle < ${place};
    left = select(left / 2u, left - left / 2u - 1u, isBefore);
    ${name} = select(${name}, middle + 1u, isBefore);
  }
`;
