/**
 * A region is what one launch computes: stored results and everything that is computed on the way to
 * them. Here a region becomes a program.
 */
import type { Expr } from "./expr.ts";
import type { Group } from "./group.ts";
import { Lowering, type LoweringOptions } from "./lower.ts";
import { combineLanes, walkLanes, walkRows } from "./passes.ts";
import type { Grid, Let, Node, Param, Program, Value } from "./program.ts";
import type { Walk } from "./walk.ts";

export interface Region {
  program: Program;
  /** Stored expressions that the program reads, in the order of its buffers; those it stores follow. */
  inputs: readonly Expr[];
  outputs: readonly Expr[];
  /** Everything that is computed here. */
  members: readonly Expr[];
  /** What each value of the program was computed for. */
  owners: ReadonlyMap<Value, Expr>;
}

/** A walk in two launches: what each lane has of each sum goes from the first to the second. */
export interface Split {
  main: Region;
  combine: Region;
  sums: readonly Expr[];
}

/** The launch that stores the roots of a group. */
export function buildRegion(group: Group, options: LoweringOptions): Region {
  const { roots, walk } = group;
  const isStored = (value: Expr) => roots.includes(value);
  return regionOf(group, options, (lowering) =>
    walk ? walkRows(lowering, walk, isStored) : storeEverywhere(lowering, roots),
  );
}

/** The same over lanes, for a walk of one pass. */
export function splitRegion(
  group: Group & { walk: Walk },
  options: LoweringOptions,
  lanes: Param,
): Split {
  const { roots, walk } = group;
  const isStored = (value: Expr) => roots.includes(value);
  return {
    main: regionOf(group, options, (lowering) => walkLanes(lowering, walk, lanes, isStored)),
    combine: regionOf(group, options, (lowering) => combineLanes(lowering, walk, lanes, isStored)),
    sums: walk.passes[0].sums,
  };
}

function regionOf(
  { roots, kernel }: Group,
  options: LoweringOptions,
  write: (lowering: Lowering) => readonly Expr[],
): Region {
  const lowering = new Lowering({
    ...options,
    bufferOf: (expr) => {
      const stored = options.bufferOf(expr);
      return stored && roots.includes(stored) ? undefined : stored;
    },
    given: kernel,
  });
  const outputs = write(lowering);
  const program = lowering.build.finish();
  return {
    program: { ...program, grid: gridOf(program) },
    inputs: lowering.inputs,
    outputs,
    members: lowering.members(),
    owners: lowering.owners,
  };
}

/** One parallel loop per axis of the results. */
function storeEverywhere(lowering: Lowering, roots: readonly Expr[]): readonly Expr[] {
  const { build } = lowering;
  const [root] = roots;
  const index = root.shape.map((_, axis) => build.parallel(lowering.sizeParam(root, axis)));
  lowering.place = lowering.offset(root, index);
  const values = roots.map((each) => lowering.value(each, index));
  for (const [which, each] of roots.entries())
    build.store(build.buffer(each.dtype, true), lowering.offset(each, index), values[which]);
  return roots;
}

/** How buffers move per parallel axis, if indices serve for nothing else: such axes may merge. */
function gridOf(program: Omit<Program, "grid">): Grid | null {
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

/** Merges neighboring axes along which every buffer moves as if they were one; changes `values`. */
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
