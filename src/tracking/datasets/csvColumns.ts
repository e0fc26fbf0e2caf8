/** Columns of a table as they grow: fields of text → typed arrays. */
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

/** Reads the fields of one column, row by row. */
export interface ColumnReader {
  readonly name: string;
  readonly expected: string;
  /** False: bytes[start … end) are not a value of this type. There must be room for the row. */
  store(bytes: Uint8Array, row: number, start: number, end: number): boolean;
  /** Makes room for so many rows. */
  reserve(numRows: number): void;
  /** The first rows, in memory of their own size. */
  values(numRows: number): Column<ColumnType>;
}

/** One reader for each column of the file, in its order; undefined where nobody wants the column. */
export function columnReaders(
  header: readonly string[],
  required: Schema,
  optional: Schema,
  where: string,
): (ColumnReader | undefined)[] {
  for (const name of Object.keys({ ...required, ...optional })) {
    const count = header.filter((column) => column === name).length;
    if (count === 1 || (count === 0 && !(name in required))) continue;
    const got = count === 0 ? JSON.stringify(header.join().slice(0, 200)) : `${count} of them`;
    throw new FormatError(`${where} line 1: expected a column ${name}, got ${got}`);
  }
  const types = new Map(Object.entries({ ...required, ...optional }));
  return header.map((name) => {
    const type = types.get(name);
    return type === undefined ? undefined : columnReader(name, type);
  });
}

function columnReader(name: string, type: ColumnType): ColumnReader {
  if (type === "u64") {
    const column = growing((length) => new BigUint64Array(length));
    return {
      name,
      ...column,
      expected: "an integer of at most 64 bits, 0 or more",
      store(bytes, row, start, end) {
        const value = unsigned64(bytes, start, end);
        if (value !== undefined) column.all()[row] = value;
        return value !== undefined;
      },
    };
  }
  if (type === "u32" || type === "i32") {
    const [low, high] = type === "u32" ? [0, 2 ** 32 - 1] : [-(2 ** 31), 2 ** 31 - 1];
    const column = growing<Uint32Array | Int32Array>((length) =>
      type === "u32" ? new Uint32Array(length) : new Int32Array(length),
    );
    return {
      name,
      ...column,
      expected: `an integer from ${low} to ${high}`,
      store(bytes, row, start, end) {
        const value = integer(bytes, start, end);
        column.all()[row] = value;
        return value >= low && value <= high;
      },
    };
  }
  const column = growing((length) => new Float64Array(length));
  return {
    name,
    ...column,
    expected: type === "f64" ? "a finite number" : "a finite number or nothing",
    store(bytes, row, start, end) {
      const isEmpty = type === "f64?" && start === end;
      const value = isEmpty ? Number.NaN : decimal(bytes, start, end);
      column.all()[row] = value;
      return isEmpty || Number.isFinite(value);
    },
  };
}

/** An array that moves to a larger one when it is full. */
function growing<T extends Column<ColumnType>>(make: (length: number) => T) {
  let array = make(0);
  const moveTo = (length: number) => {
    const larger = make(length);
    larger.set(array.subarray(0, length) as never);
    array = larger;
  };
  return {
    all: () => array,
    reserve: (numRows: number) => {
      // doubled, so that each row moves a few times at most
      if (numRows > array.length)
        moveTo(array.length === 0 ? numRows : Math.max(numRows, 2 * array.length));
    },
    values: (numRows: number) => {
      if (numRows !== array.length) moveTo(numRows);
      return array;
    },
  };
}
