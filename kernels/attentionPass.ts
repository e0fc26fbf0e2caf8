/**
 * What the passes of attention have in common, in the operations of a `Blocks`: which block of rows an
 * invocation or workgroup is at, the loop over the columns that these rows see, and the scores.
 */
import type { Attrs } from "../src/engine/expr.ts";
import { type Blocks, declarePairs, lines, quad } from "./attentionBlocks.ts";
import { attentionCode, eventOf } from "./attentionParts.ts";

const hidden = "vec4f(-3.0e38)"; // next to any sum that begins at −1e30 its exponential is 0

/** A pass whose rows are queries, or keys. */
export function attentionPass(
  blocks: Blocks,
  attrs: Attrs,
  { isPacked, byQueries }: { isPacked: boolean; byQueries: boolean },
) {
  const code = attentionCode(isPacked, attrs);
  const { height, width, numColumns, firstRow, column } = blocks;
  const [own, others] = byQueries
    ? [code.numQueries, code.numKeys]
    : [code.numKeys, code.numQueries];
  /** A value per row of the pairs with a column. */
  const ofPairs = (value: (query: string, key: string) => string) =>
    quad((r) => (byQueries ? value(`rows[${r}]`, "column") : value("column", `rows[${r}]`)));
  const ofRows = (value: (row: string) => string, type?: string) =>
    quad((r) => value(`rows[${r}]`), type);
  const sees = [
    "vec4<bool>(isThere)",
    ...(attrs.hasMask && !byQueries ? ["seen"] : []),
    ...(attrs.hasEvents ? ["(vec4u(column) >= first)", "(vec4u(column) < after)"] : []),
  ].join(" & ");
  return {
    ...code,
    ofRows,
    /** How many blocks of rows there are, of all heads and events. */
    count: `(dims.B * dims.H * ((${own} + ${height - 1}u) / ${height}u))`,
    /** Declares the block `number`, and what its rows see. */
    begin: (number: string) => `
  let blocks = (${own} + ${height - 1}u) / ${height}u;
  let h = ${number} / blocks % dims.H;
  let b = ${number} / blocks / dims.H;
  let row0 = b * ${own} + ${number} % blocks * ${height}u;
  let lastRow = (b + 1u) * ${own} - 1u;
${blocks.begin}  let rows = min(${firstRow} + vec4u(0u, 1u, 2u, 3u), vec4u(lastRow)); // beyond the last: again
${attrs.hasMask && !byQueries ? `  let seen = ${ofRows(code.isVisible, "vec4<bool>")};\n` : ""}${
  attrs.hasEvents
    ? rowsOfEvents()
    : `  let begin = b * ${others};\n  let end = begin + ${others};\n`
}${code.keys}
${declarePairs(blocks, "scores")}`,
    /** Runs over the blocks of columns. */
    eachBlock: (statements: string) => `
  for (var column0 = begin; column0 < end; column0 += ${width}u) {
${statements}  }
`,
    /** Statements for each column c of the invocation, which is `column` of all. */
    eachColumn: (statements: (c: string) => string) => {
      const body = (c: string) => `    let isThere = ${column(c)} < end${
        attrs.hasMask && byQueries ? ` && ${code.isVisible(`min(${column(c)}, end - 1u)`)}` : ""
      };
    let column = min(${column(c)}, end - 1u);
${statements(c)}`;
      // loads and random numbers per pair are too long to be spelled out for each column
      if (!attrs.hasBias && !attrs.hasDropout)
        return lines(numColumns, (c) => `  {\n${body(`${c}u`)}  }`);
      return `  for (var c = 0u; c < ${blocks.columnBound}; c++) {\n${body("c")}  }\n`;
    },
    /** The scores of column c, from the products of queries and keys there. */
    score: (c: string) =>
      `select(${hidden}, scores[${c}] * dims.scale${
        attrs.hasBias ? ` + ${ofPairs(code.biasOf)}` : ""
      }, ${sees})`,
    /** Factors of dropout. */
    kept: attrs.hasDropout ? ofPairs(code.kept) : "vec4f(1.0)",
  };

  /** Rows see their own event, and columns of several are met by those who own rows of several. */
  function rowsOfEvents(): string {
    return `  var begin = 0u;
  var end = 0u;
  {${eventOf("row0")}    begin = offsets[event];
  }
  {${eventOf(`min(row0 + ${height - 1}u, lastRow)`)}    end = offsets[event + 1u];
  }
  var first: vec4u;
  var after: vec4u;
${lines(4, (r) => `  {${eventOf(`rows[${r}]`)}    first[${r}] = offsets[event];\n    after[${r}] = offsets[event + 1u];\n  }`)}
`;
  }
}
