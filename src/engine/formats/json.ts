/**
 * The first key that some object of a valid JSON text has twice. `JSON.parse` keeps the last of
 * them silently, and two programs that disagree on which one counts read two different files.
 */
export function duplicateKey(text: string): string | undefined {
  const open: Set<string>[] = []; // keys seen in each object around the current position
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "{") open.push(new Set());
    else if (text[i] === "}") open.pop();
    if (text[i] !== '"') continue;
    const start = i;
    for (i++; text[i] !== '"'; i++) if (text[i] === "\\") i++; // an escaped quote ends nothing
    if (!isKey(text, i + 1)) continue;
    const key = JSON.parse(text.slice(start, i + 1)); // "\u0061" and "a" are one key
    const keys = open.at(-1)!;
    if (keys.has(key)) return key;
    keys.add(key);
  }
  return undefined;
}

function isKey(text: string, after: number): boolean {
  while (" \t\n\r".includes(text[after] ?? "none")) after++;
  return text[after] === ":";
}

/** A value from a file as an error message shows it: one line, whatever its size and depth. */
export function shown(value: unknown): string {
  if (Array.isArray(value)) return shortened(`[${value.slice(0, 20).map(shownItem).join(", ")}]`);
  return shortened(shownItem(value));
}

function shownItem(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, 80));
  return typeof value === "object" && value !== null ? `{${value.constructor?.name}}` : `${value}`;
}

const shortened = (text: string) => (text.length <= 80 ? text : `${text.slice(0, 79)}…`);
