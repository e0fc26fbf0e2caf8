/**
 * Attention in blocks of pairs, as WGSL: the operations that its passes, forward and backward, are made
 * of. Rows are what a pass computes results for; columns are the others, met one block after the other.
 * An invocation has four rows, so that what it knows per row or pair of a column is a vec4f.
 *
 * Here one invocation owns a block of 4 rows × 8 columns, and neither barriers nor workgroup memory are
 * needed: for software adapters, where every load is as dear as a dozen multiplications (measured on
 * lavapipe), so that a number loaded once should serve as many pairs as registers allow.
 * `attentionWorkgroups.ts` has the same operations for GPUs.
 *
 * Loops over channels end at a size that only the run knows: with a constant, drivers unroll them together
 * with the array of sums, and need minutes to compile what is left. There are few of them, for each
 * takes such drivers a third of a second.
 */

/** Rows of numbers: the array that holds them, and where a row of head `h` begins. */
export interface RowsOf {
  array: string;
  start: (row: string) => string;
}

/**
 * What a pass is written in. It declares `row0`, the first row of the block, `lastRow`, the last there is,
 * `column0`, the first column of the block at hand, and `end`, the column after the last.
 */
export interface Blocks {
  /** Rows and columns of a block, and how many of the columns an invocation has. */
  height: number;
  width: number;
  numColumns: number;
  /** `numColumns`, where a loop over them should not, or should, be unrolled. */
  columnBound: string;
  /** Declarations; after `row0` and `lastRow`. */
  begin: string;
  /** The first of the four rows of an invocation, and column number c. */
  firstRow: string;
  column: (c: string) => string;
  /** pairs[c] = four rows of `rows` · row c of `columns`. */
  dots: (pairs: string, rows: RowsOf, columns: RowsOf) => string;
  /** Sums per row and channel, at the start 0. */
  declareSums: (sums: string) => string;
  /** sums[row, :] = keep[row] sums[row, :] + Σ_c pairs[c][row] columns[c, :]; `keep` may be null for 1. */
  accumulate: (sums: string, pairs: string, columns: RowsOf, keep: string | null) => string;
  /** Statements for each sum of row number r. */
  eachSum: (
    sums: string,
    statements: (at: { r: number; row: string; channel: string; value: string }) => string,
  ) => string;
  /** Combines a vec4f of values per row with those of the other invocations that have the rows. */
  across: (values: string, combine: (a: string, b: string) => string) => string;
  /** Whether an invocation is the one to store what it has per row. */
  isFirst: string;
}

export const declarePairs = ({ numColumns }: Blocks, pairs: string): string =>
  `  var ${pairs}: array<vec4f, ${numColumns}>;\n`;

const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);
export const quad = (component: (t: number) => string, type = "vec4f"): string =>
  `${type}(${upTo(4).map(component).join(", ")})`;
export const lines = (count: number, line: (n: number) => string): string =>
  upTo(count).map(line).join("\n");

const numColumns = 8;

/** Where rows begin; beyond the last it is read again. */
const starts = (name: string, count: number, at: (n: number) => string, { start }: RowsOf) =>
  lines(count, (n) => `    let ${name}${n} = ${start(at(n))};`);

export const privateBlocks: Blocks = {
  ...{ height: 4, width: numColumns, numColumns },
  columnBound: `min(${numColumns}u, dims.N * ${numColumns}u)`, // always the former
  begin: "",
  firstRow: "row0",
  column: (c) => `(column0 + ${c})`,
  dots: (pairs, rows, columns) => `  {
${starts("own", 4, (r) => `min(row0 + ${r}u, lastRow)`, rows)}
${starts("other", numColumns, (c) => `min(column0 + ${c}u, end - 1u)`, columns)}
${lines(numColumns, (c) => `    var sum${c} = vec4f(0.0);`)}
    for (var d = 0u; d < dims.D; d++) {
      let rows = ${quad((r) => `${rows.array}[own${r} + d]`)};
${lines(numColumns, (c) => `      sum${c} += rows * ${columns.array}[other${c} + d];`)}
    }
${lines(numColumns, (c) => `    ${pairs}[${c}] = sum${c};`)}
  }
`,
  declareSums: (sums) => `  var ${sums} = array<vec4f, width>(); // a channel of the four rows\n`,
  accumulate: (sums, pairs, columns, keep) => `  {
${starts("other", numColumns, (c) => `min(column0 + ${c}u, end - 1u)`, columns)}
${lines(numColumns, (c) => `    let weights${c} = ${pairs}[${c}];`)}
    for (var d = 0u; d < dims.D; d++) {
      var sum = ${sums}[d]${keep ? ` * ${keep}` : ""};
${lines(numColumns, (c) => `      sum += weights${c} * ${columns.array}[other${c} + d];`)}
      ${sums}[d] = sum;
    }
  }
`,
  eachSum: (sums, statements) => `  for (var d = 0u; d < dims.D; d++) {
    let sum = ${sums}[d];
${lines(4, (r) => {
  const row = `(row0 + ${r}u)`;
  const code = statements({ r, row, channel: "d", value: `sum[${r}]` });
  return `    if (${row} <= lastRow) { ${code} }`;
})}
  }
`,
  across: () => "",
  isFirst: "true",
};
