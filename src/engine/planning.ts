/**
 * What people who study plans may choose. The choices travel as one object from `withPlan` to the
 * planner: they are looked up when something is asked for, so planning may take its time.
 */
import { compositeNamed } from "./composite.ts";
import { env } from "./env.ts";
import { DeviceError } from "./errors.ts";
import type { Expr } from "./expr.ts";
import { kernelNamed, type Tiles } from "./kernel.ts";
import { elementwise } from "./ops/elementwise.ts";
import { movement } from "./ops/movement.ts";
import { reductions } from "./ops/reduce.ts";
import { segments } from "./ops/segment.ts";
import { sources } from "./ops/source.ts";
import { withoutReshape } from "./stored.ts";
import type { Tensor } from "./tensor.ts";

/** Values of a graph: a tensor, the name that `named` gave to one, or all results of an op. */
export type Place = Tensor | string;

export interface PlanOptions {
  /** `greedy`, the default: only what must be stored is stored; `off`: one launch per op. */
  fuse?: "greedy" | "off";
  /** Values that get no buffer: they are computed wherever they are used, once more for each reader. */
  force?: readonly Place[];
  /** Values that get a buffer and a launch that none of their readers joins. */
  forbid?: readonly Place[];
  /** False switches hand-written kernels off: all, or those of these names. */
  kernels?: boolean | Readonly<Record<string, boolean>>;
  /** The variant of a kernel to run, `plain` for its own program: `{ matmul: "tall" }`. */
  tiles?: Tiles;
}

/** Choices with nothing left open. */
export interface Planning {
  fuse: boolean;
  force: readonly Place[];
  forbid: readonly Place[];
  kernels: (name: string) => boolean;
  /** The kernels that were chosen by name: they must exist. */
  named: readonly string[];
  tiles: Tiles;
}

let chosen: PlanOptions = {};

/**
 * Plans what `task` asks for as `options` say. They hold for what is asked for before `task` returns:
 * in an async function, before its first `await`. An inner call overrides an outer one, option by option.
 *
 *   const y = await withPlan({ fuse: "off" }, () => x.exp().sum().data());
 */
export function withPlan<T>(options: PlanOptions, task: () => T): T {
  const before = chosen;
  chosen = { ...before, ...options };
  try {
    return task();
  } finally {
    chosen = before;
  }
}

/** The choices that hold now; those of the environment come first. */
export function currentPlanning(): Planning {
  const { fuse = "greedy", force = [], forbid = [], kernels = true, tiles = {} } = chosen;
  if (fuse !== "greedy" && fuse !== "off")
    throw new DeviceError(`withPlan(fuse): expected greedy or off, got ${fuse}`);
  return {
    fuse: fuse === "greedy" && env.fuse(),
    force,
    forbid,
    kernels: (name) =>
      env.kernels() && (typeof kernels === "boolean" ? kernels : (kernels[name] ?? true)),
    named: typeof kernels === "object" ? Object.keys(kernels) : [],
    tiles,
  };
}

/** Throws if a kernel was chosen that does not exist. */
export function expectKernels({ named }: Planning): void {
  const unknown = named.find((name) => !kernelNamed(name));
  if (unknown !== undefined)
    throw new DeviceError(`withPlan(kernels): expected a kernel, got ${unknown}`);
}

/** The nodes that places stand for. Ops need not occur; tensors and names must. */
export function nodesAt(
  where: "force" | "forbid",
  places: readonly Place[],
  nodes: readonly Expr[],
): Set<Expr> {
  const found = new Set<Expr>();
  for (const place of places) {
    const isMeant = (node: Expr): boolean =>
      typeof place !== "string"
        ? node === place.expr || (node.label !== null && node.label === place.expr.label)
        : node.label?.name === place || node.op === place;
    const meant = nodes.filter(isMeant);
    const known = typeof place === "string" && isOp(place);
    if (meant.length === 0 && !known)
      throw new DeviceError(
        `withPlan(${where}): expected a tensor, a name or an op of this graph, got ${place}`,
      );
    for (const node of meant) found.add(withoutReshape(node, () => false));
  }
  return found;
}

const isOp = (name: string): boolean =>
  name === "cast" ||
  [elementwise, movement, reductions, segments, sources].some((table) => name in table) ||
  compositeNamed(name) !== undefined;
