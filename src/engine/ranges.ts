/** Which elements of its buffers a program may touch, found by arithmetic on intervals. */
import type { Let, Node, Program, Value } from "./program.ts";

/** Whole numbers from `low` to `high`, both included. */
export interface Range {
  low: number;
  high: number;
}

const anything: Range = { low: -Infinity, high: Infinity };

/**
 * Per buffer, the elements that invocations `first` … `last` of a program read or write; more if in
 * doubt, and all that there can be where an index is itself loaded. Null: none.
 */
export function touched(
  program: Program,
  params: readonly number[],
  { first, last }: { first: number; last: number },
): (Range | null)[] {
  const sizes = program.extents.map((which) => params[which]);
  const indices = axisRanges(sizes, first, last);
  const known = new Map<Value, Range>();
  const found: (Range | null)[] = program.buffers.map(() => null);
  const of = (value: Value): Range => known.get(value) ?? anything;
  const touch = (buffer: number, range: Range) => {
    const before = found[buffer];
    found[buffer] = before ? union(before, range) : range;
  };
  let axis = 0;
  const visit = (node: Node): void => {
    if (node.kind === "store") touch(node.buffer, of(node.offset));
    if (node.kind === "let") {
      if (node.op === "load") touch(node.operand, of(node.args[0]));
      known.set(node.id, rangeOf(node, params, of));
    }
    if (node.kind !== "loop") return;
    const from = node.from === null ? { low: 0, high: 0 } : of(node.from);
    const inLoop = { low: from.low, high: of(node.extent).high - 1 };
    const range = node.parallel ? indices[axis++] : inLoop;
    known.set(node.id, range);
    if (range.low <= range.high) node.body.forEach(visit);
  };
  program.body.forEach(visit);
  return found;
}

/** The indices of invocations first … last, along each axis. */
function axisRanges(sizes: readonly number[], first: number, last: number): Range[] {
  const ranges = sizes.map((size) => ({ low: 0, high: size - 1 }));
  let inner = sizes.reduce((a, b) => a * b, 1);
  for (const [axis, size] of sizes.entries()) {
    inner /= size;
    const low = Math.floor(first / inner) % size;
    const high = Math.floor(last / inner) % size;
    ranges[axis] = { low, high };
    if (low !== high) break; // further in, all of the axis is run through
  }
  return ranges;
}

function rangeOf(
  { op, args, operand, type }: Let,
  params: readonly number[],
  of: (value: Value) => Range,
): Range {
  if (op === "param") return { low: params[operand], high: params[operand] };
  if (op === "literal") return { low: operand, high: operand };
  const [a, b, c] = args.map(of);
  const isWhole = type === "index" || type === "i32" || type === "u32";
  if (!isWhole || args.length === 0) return anything;
  switch (op) {
    case "add":
      return { low: a.low + b.low, high: a.high + b.high };
    case "sub":
      return { low: a.low - b.high, high: a.high - b.low };
    case "mul":
      return around([a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high]);
    case "div":
      return b.low === b.high && b.low > 0
        ? { low: Math.floor(a.low / b.low), high: Math.floor(a.high / b.low) }
        : anything;
    case "mod":
      return remainder(a, b);
    case "maximum":
      return { low: Math.max(a.low, b.low), high: Math.max(a.high, b.high) };
    case "minimum":
      return { low: Math.min(a.low, b.low), high: Math.min(a.high, b.high) };
    case "select":
      // 0 stands for an index whose value is not used: read outside of what is bound, it does no harm
      return type === "index" && c.low === 0 && c.high === 0 ? b : union(b, c);
    case "cast":
      return a;
    default:
      return anything;
  }
}

function remainder(a: Range, b: Range): Range {
  if (b.low !== b.high || !(b.low > 0)) return anything;
  const [low, high] = [a.low, a.high].map((x) => Math.floor(x / b.low));
  if (low === high) return { low: a.low - low * b.low, high: a.high - low * b.low };
  return { low: 0, high: b.low - 1 };
}

/** 0 · ∞ is a product of numbers that are not known: it is not known either. */
function around(products: readonly number[]): Range {
  if (products.some(Number.isNaN)) return anything;
  return { low: Math.min(...products), high: Math.max(...products) };
}

const union = (a: Range, b: Range): Range => ({
  low: Math.min(a.low, b.low),
  high: Math.max(a.high, b.high),
});
