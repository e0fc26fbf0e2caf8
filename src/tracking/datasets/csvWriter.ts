/** Tables of numbers → CSV text, the inverse of `readCsv`. */

/** Columns of a table, all of one length. */
export type CsvColumns = Readonly<Record<string, ArrayLike<number | bigint | string>>>;

export interface CsvPiecesOptions {
  readonly separator?: string; // ,
  readonly hasHeader?: boolean; // false: rows that go on a table
}

/** Text of a table: a header line, then one line a row. A NaN is an empty field. */
export const writeCsv = (columns: CsvColumns, separator = ","): string =>
  [...csvPieces(columns, { separator })].join("");

/** The same in pieces of whole lines: a text of a gigabyte needs the memory of one of them. */
export function* csvPieces(
  columns: CsvColumns,
  { separator = ",", hasHeader = true }: CsvPiecesOptions = {},
): Generator<string> {
  if (hasHeader) yield `${Object.keys(columns).join(separator)}\n`;
  const values = Object.values(columns);
  const numRows = values[0]?.length ?? 0;
  for (let start = 0; start < numRows; start += rowsPerPiece) {
    let text = "";
    for (let row = start; row < Math.min(numRows, start + rowsPerPiece); row++)
      text += `${values.map((column) => field(column[row])).join(separator)}\n`;
    yield text;
  }
}

/** About a megabyte of text. */
const rowsPerPiece = 2 ** 13;

const field = (value: number | bigint | string): number | bigint | string =>
  Number.isNaN(value) ? "" : value;
