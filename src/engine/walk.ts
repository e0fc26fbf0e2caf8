/**
 * Walks: launches that go over the elements of a domain and reduce some of its axes.
 *
 *   for the axes that stay                 in parallel
 *     for the reduced axes                 pass 1: sums, and values at each element
 *     for the reduced axes                 pass 2: whatever needs sums of pass 1
 *     values of the sums                   once per sum
 *
 * A walk of one pass may reduce any axes, and may be split over lanes. Several passes are worth it where
 * a row is short enough for one invocation: they reduce the last axis of rows.
 */
import type { ShapeClasses } from "./alike.ts";
import type { Expr } from "./expr.ts";
import { isReduction } from "./lower.ts";
import { elementwise } from "./ops/elementwise.ts";

export interface Pass {
  /** Reductions that accumulate in it. */
  sums: Expr[];
  /** Values at each element. */
  fulls: Expr[];
}

export interface Walk {
  axes: readonly number[];
  passes: readonly Pass[];
  /** Values of the sums, in order. */
  rows: readonly Expr[];
}

/** What decides whether values can share a walk. */
export interface WalkFacts {
  shapes: ShapeClasses;
  /** What the launch of a value would load. */
  reads: ReadonlyMap<Expr, ReadonlySet<Expr>>;
}

/** Ops whose launch goes over its result element by element. */
export const isPointwise = ({ op }: Expr): boolean => op in elementwise || op === "cast";

/** The walk that computes these values, operands first; or why there is none. */
export function walkOf(values: readonly Expr[], { shapes, reads }: WalkFacts): Walk | string {
  const first = values.find(isReduction);
  if (!first) return "nothing is reduced";
  const axes = first.attrs.axes as readonly number[];
  const classOf = (expr: Expr) => shapes.of.get(expr) as number;
  const [domain, reduced] = [classOf(first.inputs[0]), classOf(first)];
  const rowShapes = [reduced, shapes.dropped.get(reduced)];

  const passes: Pass[] = [];
  const rows: Expr[] = [];
  const passOf = new Map<Expr, number>(); // in which a value is computed; of a row, the last it waits for
  for (const value of values) {
    const isSum = isReduction(value);
    const isFull = !isSum && isPointwise(value) && classOf(value) === domain;
    const isRow = !isSum && !isFull && isPointwise(value) && rowShapes.includes(classOf(value));
    if (isSum && (classOf(value.inputs[0]) !== domain || `${value.attrs.axes}` !== `${axes}`))
      return `${value.op} and ${first.op} reduce other axes or shapes`;
    if (!isSum && !isFull && !isRow) return `${value.op} has another shape`;
    let pass = isRow ? 0 : 1;
    for (const read of reads.get(value) as ReadonlySet<Expr>) {
      const before = passOf.get(read);
      if (before === undefined) continue;
      const isWhole = isReduction(read) || rows.includes(read);
      if (isRow && !isWhole) return `${value.op} reads single elements`;
      pass = Math.max(pass, isWhole && !isRow ? before + 1 : before);
    }
    passOf.set(value, pass);
    if (isRow) rows.push(value);
    else {
      while (passes.length < pass) passes.push({ sums: [], fulls: [] });
      passes[pass - 1][isSum ? "sums" : "fulls"].push(value);
    }
  }
  const isOfRows = `${axes}` === `${first.shape.length - 1}` && first.shape.length > 1;
  if (passes.length > 1 && !isOfRows) return "only rows are walked over twice";
  return { axes, passes, rows };
}

/** Whether what a walk stores at each element lies in the order in which it walks. */
export function storesInOrder({ axes, passes }: Walk, roots: readonly Expr[]): boolean {
  const stored = passes.flatMap(({ fulls }) => fulls).filter((full) => roots.includes(full));
  return stored.every(({ shape }) => axes.includes(shape.length - 1));
}

/** Buffers of either step of a walk that is split over lanes: each lane leaves what it has of every sum. */
export function splitBuffers(
  walk: Walk | null,
  roots: readonly Expr[],
  loads: ReadonlySet<Expr>,
): number {
  if (!walk || walk.passes.length > 1) return 0;
  const [{ sums }] = walk.passes;
  const stored = (values: readonly Expr[]) =>
    values.filter((value) => roots.includes(value)).length;
  const first = loads.size + stored(walk.passes[0].fulls) + sums.length;
  const read = walk.rows.length > 0 ? loads.size : 0;
  return Math.max(first, sums.length + read + stored([...sums, ...walk.rows]));
}
