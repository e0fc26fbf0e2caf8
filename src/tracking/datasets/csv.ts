/**
 * Strict tables of numbers: CSV text → one typed array per wanted column, or a `FormatError` with its line.
 *
 * Not for text columns or quoted fields: no file we read has any. Written here because the CSV package we
 * tried cannot be strict: a short line takes its missing fields from the next one, blank lines shift
 * the count of lines, and a file cut off inside its last line is read again from the top, for ever.
 * Values go from bytes to numbers without a string between them, which also reads 64-bit ids exactly.
 */
import { FormatError } from "../../engine/errors.ts";
import { type Column, type ColumnReader, columnReaders, type Schema } from "./csvColumns.ts";
import { concat, type Pieces } from "./pieces.ts";

export type { Column, ColumnType, Schema } from "./csvColumns.ts";
/** Typed arrays by column name; row r stands in line r + 2 of the file. */
export type Table<S extends Schema> = { readonly [K in keyof S]: Column<S[K]> };

/** `where` opens every error message: the caller's function and the name of the file. */
export interface CsvOptions<O extends Schema> {
  readonly where: string;
  readonly optional?: O; // columns that the file may lack
  readonly separator?: string;
}

const newline = 10;
const carriageReturn = 13;

/** Columns are found by their names in the first line, in any order; others are skipped unread. */
export function readCsv<S extends Schema, O extends Schema = Record<never, Schema[string]>>(
  source: Uint8Array | string,
  required: S,
  options: CsvOptions<O>,
): Table<S> & Partial<Table<O>> {
  const table = growingTable(required, options);
  table.push(typeof source === "string" ? new TextEncoder().encode(source) : source);
  return table.end();
}

/** The same of a file that comes in pieces: memory is that of the columns and of one piece. */
export async function readCsvPieces<
  S extends Schema,
  O extends Schema = Record<never, Schema[string]>,
>(pieces: Pieces, required: S, options: CsvOptions<O>): Promise<Table<S> & Partial<Table<O>>> {
  const table = growingTable(required, options);
  for await (const piece of pieces) table.push(piece);
  return table.end();
}

/** The line of the file in which row `row` of a table stands, as it is written in messages. */
export const lineOf = (row: number): string => `line ${row + 2}`;

/** A table that is read piece by piece; a piece may end anywhere. */
function growingTable<S extends Schema, O extends Schema>(
  required: S,
  { where, optional, separator = "," }: CsvOptions<O>,
) {
  const comma = separator.charCodeAt(0);
  let readers: (ColumnReader | undefined)[] | undefined; // known after the first line
  let numRows = 0;
  let rest = new Uint8Array(0); // not read yet: after the first line, it starts with the end of a line

  /** Reads the lines in bytes[0 … end). */
  function readLines(bytes: Uint8Array, end: number): void {
    let start = 1;
    if (!readers) {
      const headerEnd = lineEnd(bytes, startOfText(bytes), end);
      readers = columnReaders(
        headerIn(bytes, headerEnd).split(separator),
        required,
        { ...optional },
        where,
      );
      start = headerEnd + 1;
    }
    if (start >= end) return;
    const numLines = countLines(bytes, start, end) + 1;
    for (const reader of readers) reader?.reserve(numRows + numLines);
    parseRows(bytes, start, end, { readers, separator: comma, where, firstRow: numRows });
    numRows += numLines;
  }

  return {
    push(piece: Uint8Array): void {
      const bytes = rest.length === 0 ? piece : concat([rest, piece]);
      const text = endOfText(bytes.subarray(0, bytes.lastIndexOf(newline) + 1));
      // blank lines at the end of a piece may be in the middle of the file: they wait
      const end = text === 0 ? 0 : bytes.indexOf(newline, text);
      if (end > 0) readLines(bytes, end);
      rest = bytes.slice(end);
      if (rest.length <= longestLine) return;
      const line = readers ? lineOf(numRows) : "line 1";
      throw new FormatError(`${where} ${line}: expected a line of at most 1 MiB, got a longer one`);
    },
    end(): Table<S> & Partial<Table<O>> {
      const end = endOfText(rest);
      if (end > 0 || !readers) readLines(rest, end);
      const found = readers!.filter((reader) => reader !== undefined);
      const table = Object.fromEntries(found.map(({ name, values }) => [name, values(numRows)]));
      return table as unknown as Table<S> & Partial<Table<O>>;
    },
  };
}

/** Bytes; what goes on for longer is no table. */
const longestLine = 2 ** 20;

interface Rows {
  readonly readers: readonly (ColumnReader | undefined)[];
  readonly separator: number;
  readonly where: string;
  readonly firstRow: number;
}

function parseRows(
  bytes: Uint8Array,
  start: number,
  end: number,
  { readers, separator, where, firstRow }: Rows,
): void {
  const last = readers.length - 1;
  for (let row = firstRow, at = start; at < end; row++) {
    const lineStart = at;
    for (let c = 0; c <= last; c++) {
      let stop = at;
      while (stop < end && bytes[stop] !== separator && bytes[stop] !== newline) stop++;
      const isLineEnd = stop === end || bytes[stop] === newline;
      const fieldEnd = isLineEnd ? trimmed(bytes, at, stop) : stop;
      const isRead = readers[c]?.store(bytes, row, at, fieldEnd) ?? true;
      if (!isRead || isLineEnd !== (c === last)) {
        const numFields = countFields(bytes, lineStart, end, separator);
        const field = textIn(bytes, at, Math.min(fieldEnd, at + 40));
        const what = malformed(numFields, readers.length, field, readers[c]);
        throw new FormatError(`${where} ${lineOf(row)}${what}`);
      }
      at = stop + 1;
    }
  }
}

/** A wrong number of fields is the better explanation, where it applies: values may have moved. */
function malformed(got: number, wanted: number, field: string, reader?: ColumnReader): string {
  if (got !== wanted) return `: expected ${wanted} columns, got ${got}`;
  return ` column ${reader?.name}: expected ${reader?.expected}, got ${JSON.stringify(field)}`;
}

function countFields(bytes: Uint8Array, start: number, end: number, separator: number): number {
  const stop = lineEnd(bytes, start, end);
  if (trimmed(bytes, start, stop) === start) return 0; // blank
  let count = 1;
  for (let i = start; i < stop; i++) if (bytes[i] === separator) count++;
  return count;
}

const textIn = (bytes: Uint8Array, start: number, end: number): string =>
  new TextDecoder().decode(bytes.subarray(start, end));

/** Text of the first line; what is not a table may have a first line without end. */
const headerIn = (bytes: Uint8Array, end: number): string =>
  textIn(bytes, startOfText(bytes), Math.min(trimmed(bytes, 0, end), 2 ** 16));

/** Skips the byte order mark that some programs write. */
const startOfText = (bytes: Uint8Array): number =>
  bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;

/** Blank lines at the end are no rows. */
function endOfText(bytes: Uint8Array): number {
  let end = bytes.length;
  while (end > 0 && (bytes[end - 1] === newline || bytes[end - 1] === carriageReturn)) end--;
  return end;
}

function lineEnd(bytes: Uint8Array, start: number, end: number): number {
  const found = bytes.indexOf(newline, start);
  return found === -1 || found > end ? end : found;
}

/** Where a field ends that closes its line: lines may end in \r\n. */
const trimmed = (bytes: Uint8Array, start: number, end: number): number =>
  end > start && bytes[end - 1] === carriageReturn ? end - 1 : end;

function countLines(bytes: Uint8Array, headerEnd: number, end: number): number {
  let count = 0;
  for (let i = headerEnd; i < end; i++) if (bytes[i] === newline) count++;
  return count;
}
