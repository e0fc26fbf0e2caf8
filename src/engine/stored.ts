/**
 * Which values get a buffer, and why. Everything else is computed where it is used: readers are looked at
 * before what they read.
 */
import { isComposite, isPart } from "./composite.ts";
import { DeviceError } from "./errors.ts";
import type { Expr } from "./expr.ts";
import type { FuseOptions, Fusion, Users } from "./group.ts";
import { isReduction, isSegmentOp, isSource, isView } from "./lower.ts";
import { movement } from "./ops/movement.ts";
import { showShape } from "./shape.ts";

/** A value read at more indices than this by one launch is stored: each level of views may double them. */
const mostPlaces = 4;

/** Which expressions get a buffer, and why. Everything else is computed where it is used. */
export function storedNodes(
  nodes: readonly Expr[],
  outputs: readonly Expr[],
  { maxInputs, fuse, force, forbid }: FuseOptions,
): Fusion {
  const position = new Map(nodes.map((node, at) => [node, at]));
  const stored = new Map<Expr, string>();
  const wanted = new Map<Expr, string>(); // has to be stored, decided by a consumer
  const users = new Map<Expr, Users>(nodes.map((node) => [node, new Map()]));
  const use = (node: Expr, region: Expr, path: number): void => {
    const regions = users.get(node) as Users;
    regions.set(region, (regions.get(region) ?? new Set()).add(path));
  };
  const reads = new Map<Expr, Set<Expr>>(); // what each region would load
  const pieced = new Set<Expr>();
  const paths = new Map<string, number>(); // by what they go through
  const step = (node: Expr, which: number, path: number): number => {
    const isMoved = node.op in movement && node.attrs.drops === undefined;
    if (!isMoved && node.op !== "piece" && node.op !== "pack") return path; // read at its own index
    const key = `${path} ${position.get(node)}.${which}`;
    if (!paths.has(key)) paths.set(key, paths.size + 1);
    return paths.get(key) as number;
  };

  const loaded = loadedSources(nodes, outputs);
  const isLoaded = (input: Expr): boolean => !isSource(input) || loaded.has(input);

  // The memory that a kernel or a reshape reads must exist row by row.
  const want = (expr: Expr, reason: string): void => {
    expr = withoutViews(expr);
    if (isWorthIt(wanted.get(expr) ?? "reshaped")) wanted.set(expr, reason);
  };
  for (const output of outputs) want(output, "output");

  for (const node of [...nodes].reverse()) {
    if (node.storage) continue;
    const regions = users.get(node) as Users;
    if (node.op === "piece") {
      want(node.inputs[0], "read in pieces");
      pieced.add(withoutReshape(node.inputs[0], () => false));
      for (const [region, places] of regions)
        for (const path of places) use(node.inputs[0], region, step(node, 0, path));
      continue; // it counts as a buffer of its own
    }
    if (node.op === "pack") {
      stored.set(node, "packed");
      reads.set(node, new Set());
      for (const [which, input] of node.inputs.entries()) {
        want(input, "packed");
        use(input, node, step(node, which, 0));
      }
      continue;
    }
    const full = [...regions.keys()].find((region) => {
      const loads = new Set(reads.get(region));
      loads.delete(node);
      for (const input of node.inputs) if (isLoaded(input)) loads.add(input);
      return loads.size > maxInputs;
    });
    const isFull = full !== undefined;
    let reason = wanted.get(node) ?? reasonToStore(node, regions, { isFull, fuse });
    if (forbid.has(node) && !isSource(node)) reason ??= "forbidden";
    const isMergedLater = isComposite(node) || isReduction(node);
    if (force.has(node) && reason && !isMergedLater) {
      if (isFull || !isWorthIt(reason)) throw cannotForce(node, isFull ? "binding limit" : reason);
      reason = undefined;
    }
    // Positions have to be worked out, except in a value of one element.
    const [source] = node.inputs;
    if (node.op === "reshape" && !wanted.has(node) && source.shape.length > 0)
      want(source, "reshaped");
    if (node.op === "gather") want(node.inputs[0], "rows gathered");
    if (isComposite(node)) for (const input of node.inputs) want(input, `input of ${node.op}`);
    if (reason) {
      stored.set(node, reason);
      if (isPart(node)) continue;
      reads.set(node, new Set(node.inputs.filter(isLoaded)));
      for (const [which, input] of node.inputs.entries()) use(input, node, step(node, which, 0));
      continue;
    }
    for (const [region, places] of regions) {
      const loads = reads.get(region) as Set<Expr>;
      loads.delete(node);
      for (const [which, input] of node.inputs.entries()) {
        for (const path of places) use(input, region, step(node, which, path));
        if (isLoaded(input)) loads.add(input);
      }
    }
  }
  return { stored, wanted, pieced, users, reads, refusals: new Map() };
}

function withoutViews(expr: Expr): Expr {
  while ((expr.op === "reshape" || expr.op === "piece") && !expr.storage) expr = expr.inputs[0];
  return expr;
}

/** Sources that may get a buffer after all, for someone who reads memory: then every reader loads them. */
function loadedSources(nodes: readonly Expr[], outputs: readonly Expr[]): Set<Expr> {
  const fromMemory = ({ op }: Expr) => ["reshape", "piece", "pack", "gather"].includes(op);
  const readers = nodes.filter((node) => !node.storage && (fromMemory(node) || isComposite(node)));
  const read = [...outputs, ...readers.flatMap(({ inputs }) => inputs)].map(withoutViews);
  return new Set(read.filter(isSource));
}

/** Whether a value is stored because that pays; it need not be. */
const isWorthIt = (reason: string): boolean =>
  /^(reshaped|rows gathered|used by|read at|fusion is off)/.test(reason);

function reasonToStore(
  node: Expr,
  regions: Users,
  { isFull, fuse }: { isFull: boolean; fuse: boolean },
): string | undefined {
  if (isSource(node)) return undefined; // cheaper to repeat than to read
  if (isComposite(node)) return "kernel";
  if (isPart(node)) return `made by ${node.inputs[0].op}`;
  if (isReduction(node) || isSegmentOp(node)) return "reduction";
  if (isFull) return "binding limit";
  if (isView(node) && node.op !== "gather") return undefined;
  if (regions.size > 1) return `used by ${regions.size} launches`;
  const places = Math.max(...[...regions.values()].map((paths) => paths.size));
  if (places > mostPlaces) return `read at ${places} indices`;
  return fuse ? undefined : "fusion is off";
}

/** A reshape of a stored value is the same memory. */
export function withoutReshape(expr: Expr, isStored: (expr: Expr) => boolean): Expr {
  while (expr.op === "reshape" && !expr.storage && !isStored(expr)) expr = expr.inputs[0];
  return expr;
}

/** The error for a value that has to be stored though it was to be computed where it is used. */
export function cannotForce(node: Expr, reason: string, refusal = ""): DeviceError {
  const name = node.label ? `${node.label.name} (${node.op})` : node.op;
  const why = [reason, refusal].filter(Boolean).join("; ");
  const isKernel = isComposite(node) || reason.startsWith("input of");
  const fix = isKernel ? "; kernels can be switched off by kernels: { name: false }" : "";
  return new DeviceError(
    `withPlan(force): expected a value that can be computed where it is used, got ${name} ${showShape(node.shape)} (${why}${fix})`,
  );
}
