/**
 * Conditions on columns of a table, as they stand in the configurations of EggNet and acorn:
 *
 *   hit_particle_pt: [1000, .inf]             between both ends, ends included
 *   hit_eta: [within, [-2, 2]]                the same; not_within is the opposite
 *   hit_particle_id: [not_in, [1, 2]]         in, not_in
 *   hit_is_primary: true                      equal; also [is, 1], [is_not, 1]
 *
 * NaN is equal to nothing and between no ends: of all conditions it meets `not_in` and `is_not` alone.
 */
import { FormatError } from "../engine/errors.ts";

type Value = number | bigint | boolean;
type Range = readonly [low: number, high: number];

export type Condition =
  | Value
  | Range
  | readonly ["within" | "not_within", Range]
  | readonly ["in" | "not_in", readonly Value[]]
  | readonly ["is" | "is_not", Value];

/** All of them have to hold. */
export type Conditions = Readonly<Record<string, Condition>>;

/** What conditions look at: columns of equal length, by name. */
export type Columns = Readonly<Record<string, ArrayLike<number | bigint>>>;

/**
 * 1 for each row that meets all conditions. Throws `FormatError` where there is no such column, or no
 * such condition.
 */
export function rowsThatMeet(
  conditions: Conditions,
  columns: Columns,
  numRows: number,
): Uint8Array {
  const meets = new Uint8Array(numRows).fill(1);
  for (const [name, condition] of Object.entries(conditions)) {
    const column = Object.hasOwn(columns, name) ? columns[name] : undefined;
    if (column?.length !== numRows)
      throw new FormatError(
        `conditions: expected a column ${name} of ${numRows} rows, got ${column ? column.length : `none (of ${Object.keys(columns).join(", ")})`}`,
      );
    const holds = predicateOf(condition);
    if (!holds)
      throw new FormatError(
        `conditions(${name}): expected ${conditionForms}, got ${shown(condition)}`,
      );
    for (let row = 0; row < numRows; row++) if (!holds(column[row])) meets[row] = 0;
  }
  return meets;
}

/** What conditions look like, for messages. */
export const conditionForms =
  "a value, [low, high] or [within | not_within | in | not_in | is | is_not, …]";

export const isCondition = (condition: unknown): condition is Condition =>
  predicateOf(condition) !== null;

/** Null for what is no condition. */
function predicateOf(condition: unknown): ((value: number | bigint) => boolean) | null {
  if (isValue(condition)) return (value) => equals(value, condition);
  if (isRange(condition)) return isWithin(condition);
  if (!Array.isArray(condition) || condition.length !== 2) return null;
  const [first, second] = condition as readonly unknown[];
  if ((first === "within" || first === "not_within") && isRange(second)) {
    const within = isWithin(second);
    const isNumber = (value: number | bigint) => !Number.isNaN(Number(value));
    return first === "within" ? within : (value) => isNumber(value) && !within(value);
  }
  if ((first === "in" || first === "not_in") && Array.isArray(second) && second.every(isValue)) {
    const isListed = (value: number | bigint) => second.some((other) => equals(value, other));
    return first === "in" ? isListed : (value) => !isListed(value);
  }
  if ((first === "is" || first === "is_not") && isValue(second))
    return (value) => equals(value, second) === (first === "is");
  return null;
}

const isValue = (value: unknown): value is Value =>
  ["number", "bigint", "boolean"].includes(typeof value);

const isRange = (value: unknown): value is Range =>
  Array.isArray(value) && value.length === 2 && value.every((end) => typeof end === "number");

const isWithin =
  ([low, high]: Range) =>
  (value: number | bigint): boolean =>
    Number(value) >= low && Number(value) <= high;

/** 64-bit integers are compared exactly. */
function equals(value: number | bigint, other: Value): boolean {
  if (typeof value !== "bigint") return value === Number(other);
  return Number.isInteger(Number(other)) && value === BigInt(other);
}

const shown = (condition: unknown): string =>
  JSON.stringify(condition, (_, value) => (typeof value === "bigint" ? `${value}` : value));
