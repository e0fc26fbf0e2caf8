/** Tables as objects of equally long typed arrays; a column that a table lacks is undefined. */
import { ShapeError } from "../engine/errors.ts";

type Values =
  | Float32Array
  | Float64Array
  | Uint32Array
  | Int32Array
  | Uint8Array
  | BigInt64Array
  | BigUint64Array
  | undefined;

/** The given rows of every column, in that order. */
export function takeRows<T extends object>(table: T, rows: ArrayLike<number>): T {
  const taken = Object.entries(table as Record<string, Values>).map(([name, values]) => {
    const part = values && new (values.constructor as Uint32ArrayConstructor)(rows.length);
    const from = values as Uint32Array; // any of them: values are copied as they are
    for (let r = 0; part && r < rows.length; r++) part[r] = from[rows[r]];
    return [name, part];
  });
  return Object.fromEntries(taken);
}

/** Rows where each value stands, values in order of first appearance, rows ascending. */
export function rowsByValue(values: ArrayLike<number>): Map<number, number[]> {
  const rowsOf = new Map<number, number[]>();
  for (let row = 0; row < values.length; row++) {
    const rows = rowsOf.get(values[row]);
    if (rows) rows.push(row);
    else rowsOf.set(values[row], [row]);
  }
  return rowsOf;
}

/** Returns the table if all its columns have `numRows` entries. */
export function checkColumns<T extends object>(where: string, table: T, numRows: number): T {
  for (const [name, values] of Object.entries(table as Record<string, Values>)) {
    if (values === undefined || values.length === numRows) continue;
    throw new ShapeError(`${where}.${name}: expected [${numRows}], got [${values.length}]`);
  }
  return table;
}

/** Every entry must be a row of a table with `numRows` rows. */
export function checkRows(where: string, rows: Uint32Array | undefined, numRows: number): void {
  const wrong = rows?.find((row) => row >= numRows);
  if (wrong === undefined) return;
  throw new ShapeError(`${where}: expected rows below ${numRows}, got ${wrong}`);
}
