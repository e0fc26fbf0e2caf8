/** The programs of a walk: whole, or in two steps where few long rows are split over lanes. */
import type { Expr } from "./expr.ts";
import type { Lowering } from "./lower.ts";
import { reductions } from "./ops/reduce.ts";
import type { Param, Value } from "./program.ts";
import type { Pass, Walk } from "./walk.ts";

/** Writes the program of a walk; returns the values it stores, in the order of their buffers. */
export function walkRows(
  lowering: Lowering,
  { axes, passes, rows }: Walk,
  isStored: (value: Expr) => boolean,
): Expr[] {
  const { build } = lowering;
  const first = passes[0].sums[0];
  const outer = outerIndex(lowering, first, axes);
  const kept = outer.filter((_, axis) => !axes.includes(axis));
  const written: Expr[] = [];
  for (const pass of passes) {
    const place = build.place();
    const totals = accumulators(lowering, pass, kept);
    const inner = [...outer];
    for (const axis of axes)
      inner[axis] = build.serial(
        lowering.size(first.inputs[0], axis),
        [...kept, ...axes.filter((before) => before < axis).map((before) => inner[before])],
        null,
      );
    written.push(...visit(lowering, pass, totals, inner, isStored));
    build.resume(place);
    for (const [sum, total] of totals) lowering.settle(sum, total);
  }
  written.push(...storeRows(lowering, { axes, passes, rows }, outer, isStored));
  return written;
}

/**
 * First step over lanes: lane l of L adds up the elements l, l + L, l + 2L, … of the reduced axes, so few
 * long rows keep a whole device busy. Neighboring invocations read neighboring elements: they are
 * lanes if the fastest axis is reduced, and rows otherwise. Returns what it stores; what each lane has
 * of each sum follows in further buffers.
 */
export function walkLanes(
  lowering: Lowering,
  { axes, passes: [pass] }: Walk,
  lanes: Param,
  isStored: (value: Expr) => boolean,
): Expr[] {
  const { build } = lowering;
  const [first] = pass.sums;
  const [input] = first.inputs;
  const isFastest = lanesAreFastest(first, axes);
  let lane = isFastest ? -1 : build.parallel(lanes);
  const outer = outerIndex(lowering, first, axes);
  if (isFastest) lane = build.parallel(lanes);
  const count = build.param(lanes);

  const place = build.place();
  const totals = accumulators(lowering, pass, [...outer, lane]);
  const length = axes
    .map((axis) => lowering.size(input, axis))
    .reduce((a, b) => lowering.index("mul", a, b));
  let rest = build.serial(length, [...outer, lane], { from: lane, step: count });
  const inner = [...outer];
  for (const axis of [...axes].reverse()) {
    const size = lowering.size(input, axis);
    inner[axis] = axis === axes[0] ? rest : lowering.index("mod", rest, size);
    if (axis !== axes[0]) rest = lowering.index("div", rest, size);
  }
  const written = visit(lowering, pass, totals, inner, isStored);
  build.resume(place);
  for (const [sum, total] of totals) {
    const offset = laneOffset(lowering, sum, { outer, lane, count, isFastest });
    build.store(build.buffer(sum.dtype, true), offset, total);
  }
  return written;
}

/** Second step: combines what the lanes left, lane by lane in order, and computes the values of the sums. */
export function combineLanes(
  lowering: Lowering,
  walk: Walk,
  lanes: Param,
  isStored: (value: Expr) => boolean,
): Expr[] {
  const { build } = lowering;
  const { axes, passes } = walk;
  const [{ sums }] = passes;
  const partials = sums.map((sum) => build.buffer(sum.dtype, false));
  const outer = outerIndex(lowering, sums[0], axes);
  const count = build.param(lanes);
  const place = build.place();
  const totals = accumulators(lowering, passes[0], outer);
  const lane = build.serial(count, outer, null);
  const isFastest = lanesAreFastest(sums[0], axes);
  for (const [which, sum] of sums.entries()) {
    const offset = laneOffset(lowering, sum, { outer, lane, count, isFastest });
    const partial = build.load(partials[which], offset);
    build.accumulate(totals.get(sum) as Value, reductions[sum.op].combine, partial);
  }
  build.resume(place);
  for (const [sum, total] of totals) lowering.settle(sum, total);
  return storeRows(lowering, walk, outer, isStored);
}

/** Parallel loops over the axes that stay; a reduced axis keeps size 1. */
function outerIndex(lowering: Lowering, sum: Expr, axes: readonly number[]): Value[] {
  const { build } = lowering;
  return sum.shape.map((_, axis) =>
    axes.includes(axis) ? build.literal(0, "index") : build.parallel(lowering.sizeParam(sum, axis)),
  );
}

function accumulators(
  { build }: Lowering,
  { sums }: Pass,
  outer: readonly Value[],
): Map<Expr, Value> {
  const start = (sum: Expr) => reductions[sum.op].start[sum.dtype] as number;
  return new Map(sums.map((sum) => [sum, build.accumulator(sum.dtype, start(sum), outer)]));
}

/** What one pass does at one element. Returns what it stores there. */
function visit(
  lowering: Lowering,
  { sums, fulls }: Pass,
  totals: ReadonlyMap<Expr, Value>,
  inner: readonly Value[],
  isStored: (value: Expr) => boolean,
): Expr[] {
  const { build } = lowering;
  for (const sum of sums)
    build.accumulate(
      totals.get(sum) as Value,
      reductions[sum.op].combine,
      lowering.value(sum.inputs[0], inner),
    );
  const stored = fulls.filter(isStored);
  for (const full of stored) {
    const value = lowering.value(full, inner);
    build.store(build.buffer(full.dtype, true), lowering.offset(full, inner), value);
  }
  return stored;
}

/** Stores the sums and their values, once per row. */
function storeRows(
  lowering: Lowering,
  { axes, passes, rows }: Walk,
  outer: readonly Value[],
  isStored: (value: Expr) => boolean,
): Expr[] {
  const { build } = lowering;
  const stored = [...passes.flatMap(({ sums }) => sums), ...rows].filter(isStored);
  for (const row of stored) {
    const isWhole = row.shape.length === outer.length;
    const index = isWhole ? outer : outer.filter((_, axis) => !axes.includes(axis));
    const value = lowering.value(row, index);
    build.store(build.buffer(row.dtype, true), lowering.offset(row, index), value);
  }
  return stored;
}

const lanesAreFastest = (sum: Expr, axes: readonly number[]): boolean =>
  axes.includes(sum.shape.length - 1);

/** Where a lane leaves its part of a sum. */
function laneOffset(
  lowering: Lowering,
  sum: Expr,
  {
    outer,
    lane,
    count,
    isFastest,
  }: { outer: Value[]; lane: Value; count: Value; isFastest: boolean },
): Value {
  const element = lowering.offset(sum, outer);
  if (isFastest) return lowering.index("add", lowering.index("mul", element, count), lane);
  const results = sum.shape.reduce(
    (size, _, axis) => lowering.index("mul", size, lowering.size(sum, axis)),
    lowering.build.literal(1, "index"),
  );
  return lowering.index("add", lowering.index("mul", lane, results), element);
}
