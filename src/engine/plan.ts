/**
 * Planning: from a graph to launches.
 *
 * A plan depends on the structure of the graph only, never on sizes: it is built once and run on
 * every graph of that structure. It refers to nodes by their position in the listing.
 */
import { isComposite } from "./composite.ts";
import { env } from "./env.ts";
import type { Expr } from "./expr.ts";
import {
  axisNames,
  type Dims,
  type Kernel,
  kernelNamed,
  resolveKernel,
  solveDims,
} from "./kernel.ts";
import { isReduction, isSegmentOp, isSource, isView } from "./lower.ts";
import { movement } from "./ops/movement.ts";
import type { Param, Sized } from "./program.ts";
import { buildRegion, combineLanes, type Region } from "./region.ts";
import { type Shape, sizeOf } from "./shape.ts";

/** Every expression that the outputs need, operands first; computed values are not looked into. */
export function listNodes(outputs: readonly Expr[]): Expr[] {
  const nodes: Expr[] = [];
  const done = new Set<Expr>();
  const stack: { expr: Expr; next: number }[] = [];
  for (const output of outputs) {
    stack.push({ expr: output, next: 0 });
    while (stack.length > 0) {
      const top = stack[stack.length - 1];
      const input = top.expr.storage ? undefined : top.expr.inputs[top.next++];
      if (done.has(top.expr)) stack.pop();
      else if (input) stack.push({ expr: input, next: 0 });
      else {
        stack.pop();
        done.add(top.expr);
        nodes.push(top.expr);
      }
    }
  }
  return nodes;
}

/** What decides a plan: ops, attributes, dtypes, ranks, connections. */
export function structureKey(nodes: readonly Expr[], outputs: readonly Expr[]): string {
  const position = new Map(nodes.map((node, at) => [node, at]));
  const lines = nodes.map((node) =>
    node.storage
      ? `input:${node.dtype}${node.shape.length}`
      : `${node.signature}(${node.inputs.map((input) => position.get(input)).join()})`,
  );
  const fused = env.fuse() ? "" : "unfused;";
  return `${fused}${lines.join(";")}→${outputs.map((output) => position.get(output)).join()}`;
}

export interface Launch {
  kind: "program" | "kernel";
  label: string;
  /** Positions of the expressions read, in the order of bindings, and of the one written. */
  inputs: readonly number[];
  output: number;
  /** Why the result is stored rather than computed inside its consumers. */
  reason: string;
  region?: Region;
  combine?: ReturnType<typeof combineLanes>;
  kernel?: Kernel;
}

export interface Plan {
  launches: readonly Launch[];
  /** Position of the stored value of each output: its own, or what it reshapes. */
  results: readonly number[];
}

const lanes: Param = { key: "lanes", type: "index", value: (_nodes, count) => count };

export interface PlanOptions {
  /** Buffers that one launch may read. */
  maxInputs: number;
  /** Whether reductions may be split over lanes. */
  hasLanes: boolean;
}

export function makePlan(
  nodes: readonly Expr[],
  outputs: readonly Expr[],
  options: PlanOptions,
): Plan {
  const position = new Map(nodes.map((node, at) => [node, at]));
  const at = (expr: Expr): number => position.get(expr) as number;
  const stored = storedNodes(nodes, outputs, options.maxInputs);
  const bufferOf = (expr: Expr): Expr | undefined => {
    const base = withoutReshape(expr, stored);
    return base.storage || stored.has(base) ? base : undefined;
  };

  const launches = nodes
    .filter((node) => stored.has(node) && !node.storage)
    .map((node): Launch => {
      const [output, reason] = [at(node), stored.get(node) as string];
      if (isComposite(node)) {
        const spec = kernelNamed(node.op);
        if (!spec) throw new Error(`plan: expected a kernel for ${node.op}, got none`);
        const kernel = resolveKernel(spec, node.attrs);
        const inputs = node.inputs.map((input) => at(bufferOf(input) as Expr));
        return { kind: "kernel", label: node.op, inputs, output, reason, kernel };
      }
      const laneParam = options.hasLanes ? lanes : null;
      const region = buildRegion(node, { position, bufferOf, lanes: laneParam });
      const inputs = region.inputs.map(at);
      const launch: Launch = { kind: "program", label: node.op, inputs, output, reason, region };
      if (!region.hasLanes) return launch;
      const value = (sized: Sized) => sizeOf(sized[output].shape);
      const size: Param = { key: "results", type: "index", value };
      return { ...launch, combine: combineLanes(node, size, lanes) };
    });
  return { launches, results: outputs.map((output) => at(bufferOf(output) as Expr)) };
}

/** A reshape of a stored value is the same memory. */
function withoutReshape(expr: Expr, stored: ReadonlyMap<Expr, string>): Expr {
  while (expr.op === "reshape" && !expr.storage && !stored.has(expr)) expr = expr.inputs[0];
  return expr;
}

/** The regions that compute a node, each with the ways through views by which it gets there. */
type Users = Map<Expr, Set<number>>;

/** A value read at more indices than this by one launch is stored: each level of views may double them. */
const mostPlaces = 4;

/** Which expressions get a buffer, and why. Everything else is computed where it is used. */
function storedNodes(
  nodes: readonly Expr[],
  outputs: readonly Expr[],
  maxInputs: number,
): Map<Expr, string> {
  const position = new Map(nodes.map((node, at) => [node, at]));
  const stored = new Map<Expr, string>();
  const wanted = new Map<Expr, string>(); // has to be stored, decided by a consumer
  const users = new Map<Expr, Users>(nodes.map((node) => [node, new Map()]));
  const use = (node: Expr, region: Expr, path: number): void => {
    const regions = users.get(node) as Users;
    regions.set(region, (regions.get(region) ?? new Set()).add(path));
  };
  const reads = new Map<Expr, Set<Expr>>(); // what each region would load
  const paths = new Map<string, number>(); // by what they go through
  const step = (node: Expr, which: number, path: number): number => {
    if (!(node.op in movement)) return path; // operands are read at the node's own index
    const key = `${path} ${position.get(node)}.${which}`;
    if (!paths.has(key)) paths.set(key, paths.size + 1);
    return paths.get(key) as number;
  };

  // The memory that a kernel or a reshape reads must exist row by row.
  const want = (expr: Expr, reason: string): void => {
    while (expr.op === "reshape" && !expr.storage) expr = expr.inputs[0];
    if (!wanted.has(expr)) wanted.set(expr, reason);
  };
  for (const output of outputs) want(output, "output");

  for (const node of [...nodes].reverse()) {
    if (node.storage) continue;
    const regions = users.get(node) as Users;
    const full = [...regions.keys()].find((region) => {
      const loads = new Set(reads.get(region));
      loads.delete(node);
      for (const input of node.inputs) if (!isSource(input)) loads.add(input);
      return loads.size > maxInputs;
    });
    const reason = wanted.get(node) ?? reasonToStore(node, regions, full !== undefined);
    if (node.op === "reshape" && !wanted.has(node)) want(node.inputs[0], "reshaped");
    if (node.op === "gather") want(node.inputs[0], "rows gathered");
    if (isComposite(node)) for (const input of node.inputs) want(input, `input of ${node.op}`);
    if (reason) {
      stored.set(node, reason);
      reads.set(node, new Set(node.inputs.filter((input) => !isSource(input))));
      for (const [which, input] of node.inputs.entries()) use(input, node, step(node, which, 0));
      continue;
    }
    for (const [region, places] of regions) {
      const loads = reads.get(region) as Set<Expr>;
      loads.delete(node);
      for (const [which, input] of node.inputs.entries()) {
        for (const path of places) use(input, region, step(node, which, path));
        if (!isSource(input)) loads.add(input);
      }
    }
  }
  return stored;
}

function reasonToStore(node: Expr, regions: Users, isFull: boolean): string | undefined {
  if (isSource(node)) return undefined; // cheaper to repeat than to read
  if (isComposite(node)) return "kernel";
  if (isReduction(node) || isSegmentOp(node)) return "reduction";
  if (isFull) return "binding limit";
  if (isView(node) && node.op !== "gather") return undefined;
  if (regions.size > 1) return `used by ${regions.size} launches`;
  const places = Math.max(...[...regions.values()].map((paths) => paths.size));
  if (places > mostPlaces) return `read at ${places} indices`;
  return env.fuse() ? undefined : "fusion is off";
}

/** Sizes of a kernel launch by name, and what its shader receives: sizes, then numbers. */
export function kernelParams(
  kernel: Kernel,
  inputs: readonly Shape[],
  output: Expr,
): { dims: Dims; params: number[] } {
  const sizes = solveDims(kernel, inputs, output.shape);
  const numbers = (kernel.numbers ?? []).map((name, which) => [name, output.values[which]]);
  const dims: Dims = { ...sizes, ...Object.fromEntries(numbers) };
  return { dims, params: [...axisNames(kernel).map((name) => sizes[name]), ...output.values] };
}
