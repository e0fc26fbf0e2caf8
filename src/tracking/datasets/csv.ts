/**
 * Strict tables of numbers: CSV text → one typed array per wanted column, or a `FormatError` with its line.
 *
 * Not for text columns or quoted fields: no file we read has any. Written here because the CSV package we
 * tried cannot be strict: a short line takes its missing fields from the next one, blank lines shift
 * the count of lines, and a file cut off inside its last line is read again from the top, for ever.
 * Values go from bytes to numbers without a string between them, which also reads 64-bit ids exactly.
 */
import { FormatError } from "../../engine/errors.ts";
import { decimal, integer, unsigned64 } from "./numbers.ts";

/** `f64?` is a number or an empty field, read as NaN; every other field must hold a finite number. */
export type ColumnType = "f64" | "f64?" | "u32" | "i32" | "u64";
export type Schema = Readonly<Record<string, ColumnType>>;
export type Column<T extends ColumnType> = T extends "u64"
  ? BigUint64Array
  : T extends "u32"
    ? Uint32Array
    : T extends "i32"
      ? Int32Array
      : Float64Array;
/** Typed arrays by column name; row r stands in line r + 2 of the file. */
export type Table<S extends Schema> = { readonly [K in keyof S]: Column<S[K]> };

/** `where` opens every error message: the caller's function and the name of the file. */
export interface CsvOptions<O extends Schema> {
  readonly where: string;
  readonly optional?: O; // columns that the file may lack
  readonly separator?: string;
}

type Store = (row: number, start: number, end: number) => boolean; // false: not a value of this type
interface Reader {
  readonly name: string;
  readonly expected: string;
  readonly values: Column<ColumnType>;
  readonly store: Store;
}

const newline = 10;
const carriageReturn = 13;

/** Columns are found by their names in the first line, in any order; others are skipped unread. */
export function readCsv<S extends Schema, O extends Schema = Record<never, ColumnType>>(
  source: Uint8Array | string,
  required: S,
  { where, optional, separator = "," }: CsvOptions<O>,
): Table<S> & Partial<Table<O>> {
  const bytes = typeof source === "string" ? new TextEncoder().encode(source) : source;
  const end = endOfText(bytes);
  const headerEnd = lineEnd(bytes, startOfText(bytes), end);
  const header = headerIn(bytes, headerEnd).split(separator);
  const numRows = countLines(bytes, headerEnd, end);
  const readers = readersOf(bytes, header, required, { ...optional }, numRows, where);
  parseRows(bytes, headerEnd + 1, end, readers, separator.charCodeAt(0), where);
  const found = readers.filter((reader) => reader !== undefined);
  const table = Object.fromEntries(found.map(({ name, values }) => [name, values]));
  return table as unknown as Table<S> & Partial<Table<O>>;
}

/** The line of the file in which row `row` of a table stands, as it is written in messages. */
export const lineOf = (row: number): string => `line ${row + 2}`;

/** Text of a table, the inverse of `readCsv`: a header line, then one line a row. */
export function writeCsv(
  columns: Readonly<Record<string, ArrayLike<number | bigint | string>>>,
  separator = ",",
): string {
  const names = Object.keys(columns);
  const values = Object.values(columns);
  const lines = [names.join(separator)];
  const numRows = values[0]?.length ?? 0;
  for (let r = 0; r < numRows; r++) lines.push(values.map((v) => v[r]).join(separator));
  return `${lines.join("\n")}\n`;
}

function parseRows(
  bytes: Uint8Array,
  start: number,
  end: number,
  readers: readonly (Reader | undefined)[],
  separator: number,
  where: string,
): void {
  const last = readers.length - 1;
  for (let row = 0, at = start; at < end; row++) {
    const lineStart = at;
    for (let c = 0; c <= last; c++) {
      let stop = at;
      while (stop < end && bytes[stop] !== separator && bytes[stop] !== newline) stop++;
      const isLineEnd = stop === end || bytes[stop] === newline;
      const fieldEnd = isLineEnd ? trimmed(bytes, at, stop) : stop;
      const isRead = readers[c]?.store(row, at, fieldEnd) ?? true;
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
function malformed(got: number, wanted: number, field: string, reader?: Reader): string {
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

/** One reader for each column of the file, in its order; undefined where nobody wants the column. */
function readersOf(
  bytes: Uint8Array,
  header: readonly string[],
  required: Schema,
  optional: Schema,
  numRows: number,
  where: string,
): (Reader | undefined)[] {
  for (const name of Object.keys({ ...required, ...optional })) {
    const count = header.filter((column) => column === name).length;
    if (count === 1 || (count === 0 && !(name in required))) continue;
    const got = count === 0 ? JSON.stringify(header.join().slice(0, 200)) : `${count} of them`;
    throw new FormatError(`${where} line 1: expected a column ${name}, got ${got}`);
  }
  const types = new Map(Object.entries({ ...required, ...optional }));
  return header.map((name) => {
    const type = types.get(name);
    return type === undefined ? undefined : reader(bytes, name, type, numRows);
  });
}

function reader(bytes: Uint8Array, name: string, type: ColumnType, numRows: number): Reader {
  if (type === "u64") {
    const values = new BigUint64Array(numRows);
    const store: Store = (row, start, end) => {
      const value = unsigned64(bytes, start, end);
      if (value !== undefined) values[row] = value;
      return value !== undefined;
    };
    return { name, values, store, expected: "an integer of at most 64 bits, 0 or more" };
  }
  if (type === "u32" || type === "i32") {
    const [low, high] = type === "u32" ? [0, 2 ** 32 - 1] : [-(2 ** 31), 2 ** 31 - 1];
    const values = type === "u32" ? new Uint32Array(numRows) : new Int32Array(numRows);
    const store: Store = (row, start, end) => {
      const value = integer(bytes, start, end);
      values[row] = value;
      return value >= low && value <= high;
    };
    return { name, values, store, expected: `an integer from ${low} to ${high}` };
  }
  const values = new Float64Array(numRows);
  const store: Store = (row, start, end) => {
    const isEmpty = type === "f64?" && start === end;
    values[row] = isEmpty ? Number.NaN : decimal(bytes, start, end);
    return isEmpty || Number.isFinite(values[row]);
  };
  const expected = type === "f64" ? "a finite number" : "a finite number or nothing";
  return { name, values, store, expected };
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
