/**
 * The operations of `attentionBlocks.ts` for GPUs: a workgroup of 128 owns a block of 64 rows and meets
 * columns by 32. Each invocation has 4 rows × 4 columns of the pairs in registers; what it multiplies
 * comes from workgroup memory, where a number loaded once serves 32 or 64 products. To be multiplied
 * with rows of columns, pairs change hands in workgroup memory too.
 *
 * 14 KiB in all: 16 channels of the rows (or 32 × 32 numbers of the columns), 16 channels of the columns
 * (or a number per row from each of the 8 invocations that share it), and the pairs.
 */
import { type Blocks, lines, quad, type RowsOf } from "./attentionBlocks.ts";

export const attentionWorkgroupSize = 128;
export const attentionSharedBytes = 16 * (256 + 128 + 512);
/** Heads wider than this leave too few registers for results. */
export const widestHead = 128;

export const attentionShared = /* wgsl */ `
var<workgroup> rowTile: array<vec4f, 256>; // [channel, four rows]; or [column, four channels]
var<workgroup> columnTile: array<vec4f, 128>; // [channel, four columns]; or [invocation of a row, four rows]
var<workgroup> pairTile: array<vec4f, 512>; // [column, four rows]`;

const step = 16; // channels at a time
const firstRow = "(row0 + 4u * down)";
const barrier = (orders: string): string => `    workgroupBarrier(); // ${orders}\n`;

/** An element; beyond the last channel or row it is that of the last. */
const element = (of: RowsOf, at: string, channel: string): string =>
  `${of.array}[${of.start(at)} + min(${channel}, dims.D - 1u)]`;

/** For heads of so many channels. */
export function workgroupBlocks(headDim: number): Blocks {
  const chunks = Math.ceil(headDim / 32); // of results; an invocation has four channels of each
  return {
    ...{ height: 64, width: 32, numColumns: 4, columnBound: "4u" },
    begin:
      "  let across = lane % 8u; // its four columns\n  let down = lane / 8u; // its four rows\n",
    firstRow,
    column: (c) => `(column0 + 4u * across + ${c})`,
    dots: (pairs, rows, columns) => `  {
${lines(4, (c) => `    var sum${c} = vec4f(0.0);`)}
    for (var d0 = 0u; d0 < dims.D; d0 += ${step}u) {
      let d = d0 + lane % ${step}u; // neighbours read neighbouring channels
      let four = lane / ${step}u;
${barrier("the tiles have been read")}${lines(2, (half) => {
  const four = `four + ${8 * half}u`;
  const value = quad((t) => element(rows, `min(row0 + 4u * (${four}) + ${t}u, lastRow)`, "d"));
  return `      rowTile[lane % ${step}u * 16u + ${four}] = ${value};`;
})}
      columnTile[lane % ${step}u * 8u + four] = ${quad((t) =>
        element(columns, `min(column0 + 4u * four + ${t}u, end - 1u)`, "d"),
      )};
${barrier("the tiles are written")}      for (var s = 0u; s < min(${step}u, dims.D - d0); s++) {
        let rows = rowTile[s * 16u + down];
        let columns = columnTile[s * 8u + across];
${lines(4, (c) => `        sum${c} += rows * columns[${c}];`)}
      }
    }
${lines(4, (c) => `    ${pairs}[${c}] = sum${c};`)}
  }
`,
    declareSums: (sums) =>
      `  var ${sums} = array<vec4f, ${4 * chunks}>(); // [32 channels, row], four channels each\n`,
    accumulate: (sums, pairs, columns, keep) => `  {
${barrier("the pairs before have been read")}${lines(
  4,
  (c) => `    pairTile[(4u * across + ${c}u) * 16u + down] = ${pairs}[${c}];`,
)}
${keep ? lines(4 * chunks, (n) => `    ${sums}[${n}] *= ${keep}[${n % 4}];`) : ""}
${lines(chunks, (chunk) => {
  const value = quad((t) => element(columns, "at", `(${32 * chunk}u + lane % 8u * 4u + ${t}u)`));
  return `${barrier("the tile has been read")}${lines(
    2,
    (half) => `    {
      let at = min(column0 + lane / 8u + ${16 * half}u, end - 1u);
      rowTile[lane + ${128 * half}u] = ${value};
    }`,
  )}
${barrier("pairs and tile are written")}    for (var s = 0u; s < min(32u, end - column0); s++) {
      let rows = pairTile[s * 16u + down];
      let channels = rowTile[s * 8u + across];
${lines(4, (r) => `      ${sums}[${4 * chunk + r}] += rows[${r}] * channels;`)}
    }`;
})}
  }
`,
    eachSum: (sums, statements) =>
      lines(16 * chunks, (n) => {
        const [chunk, r, t] = [n >> 4, (n >> 2) % 4, n % 4];
        const row = `(${firstRow} + ${r}u)`;
        const channel = `(${32 * chunk}u + 4u * across + ${t}u)`;
        const value = `${sums}[${4 * chunk + r}][${t}]`;
        const code = statements({ r, row, channel, value });
        return `  if (${row} <= lastRow && ${channel} < dims.D) { ${code} }`;
      }),
    across: (
      values,
      combine,
    ) => `${barrier("the tile has been read")}    columnTile[lane] = ${values};
${barrier("the values are written")}    ${values} = columnTile[down * 8u];
${lines(7, (n) => `    ${values} = ${combine(values, `columnTile[down * 8u + ${n + 1}u]`)};`)}
`,
    isFirst: "across == 0u",
  };
}
