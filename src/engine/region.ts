/**
 * A region is what one launch computes: a stored result and everything that is computed on the
 * way to it. Here a region becomes a program.
 */
import type { Expr } from "./expr.ts";
import { isReduction, Lowering, type LoweringOptions } from "./lower.ts";
import { reductions } from "./ops/reduce.ts";
import type { Grid, Let, Node, Param, Program, Value } from "./program.ts";
import { ProgramBuilder } from "./program.ts";

export interface Region {
  program: Program;
  /** Stored expressions that the program reads, in the order of its buffers; the result comes last. */
  inputs: readonly Expr[];
  /** Everything that is computed here. */
  members: readonly Expr[];
  /** Whether the program leaves one partial result per lane, to be combined by `combineLanes`. */
  hasLanes: boolean;
}

/** The launch that stores `roots`, all of one shape. */
export function buildRegion(
  roots: readonly Expr[],
  options: LoweringOptions & { finished: Expr | null },
): Region {
  const { finished } = options;
  const [root] = roots;
  const lowering = new Lowering({
    ...options,
    bufferOf: (expr) => {
      const stored = options.bufferOf(expr);
      return stored && roots.includes(stored) ? undefined : stored;
    },
    given: finished,
  });
  const hasLanes = options.lanes !== null && isReduction(root);
  if (hasLanes) reduceByLanes(lowering, root, options.lanes as Param);
  else storeEverywhere(lowering, roots);
  const program = lowering.build.finish(null);
  return {
    program: { ...program, grid: gridOf(program) },
    inputs: lowering.inputs,
    members: lowering.members(),
    hasLanes,
  };
}

/** One parallel loop per axis of the result, except where a reduction leaves size 1. */
function storeEverywhere(lowering: Lowering, roots: readonly Expr[]): void {
  const { build } = lowering;
  const [root] = roots;
  const reduced = isReduction(root) ? (root.attrs.axes as number[]) : [];
  const index = root.shape.map((_, axis) =>
    reduced.includes(axis)
      ? build.literal(0, "index")
      : build.parallel(lowering.sizeParam(root, axis)),
  );
  lowering.place = lowering.offset(root, index);
  const values = roots.map((each) => lowering.value(each, index));
  for (const [which, each] of roots.entries())
    build.store(build.buffer(each.dtype, true), lowering.offset(each, index), values[which]);
}

/**
 * Lane l of L adds up the elements l, l + L, l + 2L, … of the reduced axes, so few long rows keep a
 * whole device busy. Neighbouring invocations read neighbouring elements: they are lanes if the
 * fastest axis is reduced, and rows otherwise.
 */
function reduceByLanes(lowering: Lowering, root: Expr, lanes: Param): void {
  const { build } = lowering;
  const [input] = root.inputs;
  const axes = root.attrs.axes as number[];
  const lanesFastest = axes.includes(root.shape.length - 1);
  let lane = lanesFastest ? -1 : build.parallel(lanes);
  const index = root.shape.map((_, axis) =>
    axes.includes(axis)
      ? build.literal(0, "index")
      : build.parallel(lowering.sizeParam(root, axis)),
  );
  if (lanesFastest) lane = build.parallel(lanes);
  const count = build.param(lanes);

  const { combine, start } = reductions[root.op];
  const place = build.place();
  const total = build.accumulator(root.dtype, start[root.dtype] as number, [...index, lane]);
  const length = axes
    .map((axis) => lowering.size(input, axis))
    .reduce((a, b) => lowering.index("mul", a, b));
  let rest: Value = build.serial(length, [...index, lane], { from: lane, step: count });
  const inner = [...index];
  for (const axis of [...axes].reverse()) {
    const size = lowering.size(input, axis);
    inner[axis] = axis === axes[0] ? rest : lowering.index("mod", rest, size);
    if (axis !== axes[0]) rest = lowering.index("div", rest, size);
  }
  build.accumulate(total, combine, lowering.value(input, inner));
  build.resume(place);

  const element = lowering.offset(root, index);
  const offset = lanesFastest
    ? lowering.index("add", lowering.index("mul", element, count), lane)
    : lowering.index("add", lowering.index("mul", lane, resultSize(lowering, root)), element);
  build.store(build.buffer(root.dtype, true), offset, total);
}

function resultSize(lowering: Lowering, root: Expr): Value {
  return root.shape.reduce(
    (size, _, axis) => lowering.index("mul", size, lowering.size(root, axis)),
    lowering.build.literal(1, "index"),
  );
}

/** Combines what the lanes left, lane by lane in order, into the result. */
export function combineLanes(root: Expr, result: Param, lanes: Param): Program {
  const build = new ProgramBuilder();
  const lanesFastest = (root.attrs.axes as number[]).includes(root.shape.length - 1);
  const { combine, start } = reductions[root.op];
  const partial = build.buffer(root.dtype, false);
  const element = build.parallel(result);
  const place = build.place();
  const total = build.accumulator(root.dtype, start[root.dtype] as number, [element]);
  const count = build.param(lanes);
  const lane = build.serial(count, [element], null);
  const [major, minor, pitch] = lanesFastest
    ? [element, lane, count]
    : [lane, element, build.param(result)];
  const offset = build.let("add", "index", [build.let("mul", "index", [major, pitch]), minor]);
  build.accumulate(total, combine, build.load(partial, offset));
  build.resume(place);
  build.store(build.buffer(root.dtype, true), element, total);
  return build.finish(null);
}

/** How buffers move per parallel axis, if indices serve for nothing else: such axes may merge. */
function gridOf(program: Program): Grid | null {
  const loops: Value[] = [];
  const lets: Let[] = [];
  let isFlat = true;
  const visit = (node: Node): void => {
    if (node.kind === "let") lets.push(node);
    if (node.kind !== "loop") return;
    if (node.parallel) loops.push(node.id);
    else isFlat = false;
    node.body.forEach(visit);
  };
  program.body.forEach(visit);
  if (!isFlat || loops.length < 2) return null;

  const paramOf = new Map(
    lets.filter(({ op }) => op === "param").map(({ id, operand }) => [id, operand]),
  );
  const stridesByBuffer = new Map<string, number[]>();
  for (const { op, args } of lets) {
    const axis = loops.indexOf(args[0]);
    if (axis < 0 && !args.some((arg) => loops.includes(arg))) continue;
    const stride = paramOf.get(args[1]);
    const key = stride === undefined ? "" : program.params[stride].key;
    if (op !== "mul" || stride === undefined || !key.startsWith("stride ")) return null;
    const buffer = key.slice(0, key.indexOf("."));
    if (!stridesByBuffer.has(buffer))
      stridesByBuffer.set(
        buffer,
        loops.map(() => -1),
      );
    const strides = stridesByBuffer.get(buffer) as number[];
    if (strides[axis] >= 0 && strides[axis] !== stride) return null; // one axis read in two ways
    strides[axis] = stride;
  }
  return { extents: program.extents, strides: [...stridesByBuffer.values()] };
}

/** Merges neighbouring axes along which every buffer moves as if they were one; changes `values`. */
export function mergeAxes({ extents, strides }: Grid, values: number[]): void {
  const strideAt = (buffer: readonly number[], axis: number) =>
    buffer[axis] < 0 ? 0 : values[buffer[axis]];
  let target = extents.length - 1;
  for (let axis = target - 1; axis >= 0; axis--) {
    if (values[extents[axis]] === 1) continue;
    const size = values[extents[target]];
    const isOne = strides.every((s) =>
      size === 1 ? false : strideAt(s, axis) === strideAt(s, target) * size,
    );
    if (isOne) {
      values[extents[target]] *= values[extents[axis]];
      values[extents[axis]] = 1;
    } else target = axis;
  }
}
