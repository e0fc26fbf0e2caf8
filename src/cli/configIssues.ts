/** What zod finds wrong with a configuration, in our words: what was expected, and what was there. */
import type { z } from "zod";

type Issue = z.core.$ZodIssue;

export interface Finding {
  path: PropertyKey[];
  expected: string;
  got: string;
}

export function expectedOf(issue: Issue, schema: z.ZodType, whole: unknown): Finding {
  const { path } = issue;
  const value = path.reduce<unknown>(
    (at, key) => (at as Record<PropertyKey, unknown>)?.[key],
    whole,
  );
  if (issue.code === "unrecognized_keys") {
    const [key] = issue.keys;
    const known = keysAt(schema, path);
    const meant = nearest(key, known);
    const expected = meant ? `a known key, like ${meant}` : `one of the keys ${known.join(", ")}`;
    return { path: [...path, key], expected, got: key };
  }
  const got = value === undefined ? "none" : shown(value);
  const name = value === undefined ? `${String(path.at(-1))}: ` : "";
  return { path, expected: name + wanted(issue), got };
}

/** What an issue says should be there. */
function wanted(issue: Issue): string {
  if (issue.code === "invalid_type") return typeNames[issue.expected] ?? issue.expected;
  if (issue.code === "invalid_value")
    return issue.values
      .map((value) => (typeof value === "string" ? value : shown(value)))
      .join(", ");
  if (issue.code === "too_small")
    return `${counted(issue.origin)} ${issue.inclusive ? "≥" : ">"} ${issue.minimum}`;
  if (issue.code === "too_big")
    return `${counted(issue.origin)} ${issue.inclusive ? "≤" : "<"} ${issue.maximum}`;
  if (issue.code === "invalid_union")
    return [...new Set(issue.errors.map(([first]) => wanted(first)))].join(" or ");
  return issue.message; // of our own checks: what they expect
}

const typeNames: Record<string, string> = {
  int: "a whole number",
  number: "a number",
  string: "a text",
  boolean: "true or false",
  array: "a list",
  tuple: "a list",
  object: "keys and values",
  record: "keys and values",
  null: "null",
};

const counted = (origin: string): string =>
  origin === "string" || origin === "array" ? "a length" : "a number";

/** A value as short text. */
export function shown(value: unknown): string {
  const text = typeof value === "number" ? `${value}` : (JSON.stringify(value) ?? `${value}`);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

/** Names of the keys that the schema of the object at `path` has. */
function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let at: unknown = schema;
  for (const key of path) at = shapeOf(at)?.[key as string];
  return Object.keys(shapeOf(at) ?? {});
}

/** Of an object's schema, behind defaults, options and checks. */
function shapeOf(schema: unknown): Record<string, unknown> | undefined {
  const { shape, def } = schema as { shape?: Record<string, unknown>; def?: Wrapped };
  if (shape) return shape;
  const inner = def?.innerType ?? def?.in;
  return inner ? shapeOf(inner) : undefined;
}
interface Wrapped {
  innerType?: unknown;
  in?: unknown;
}

/** The known word that a mistyped one is closest to, if it is close. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const plain = (text: string) => text.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
  const ranked = known
    .map((other) => ({ other, distance: editDistance(plain(word), plain(other)) }))
    .sort((a, b) => a.distance - b.distance);
  return ranked[0]?.distance <= Math.max(1, word.length / 3) ? ranked[0].other : undefined;
}

/** Insertions, deletions and replacements that make one word the other (Levenshtein 1966). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(
        Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)),
      );
    row = next;
  }
  return row[b.length];
}
