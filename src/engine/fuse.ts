/**
 * Fusion: which values get a buffer, and why; which launches store more than one of them.
 *
 * Everything without a buffer is computed where it is used. A kernel that can may finish its results
 * with the elementwise ops that follow.
 */
import { isComposite, isPart } from "./composite.ts";
import { DeviceError } from "./errors.ts";
import type { Expr } from "./expr.ts";
import { kernelNamed } from "./kernel.ts";
import { isReduction, isSegmentOp, isSource, isView } from "./lower.ts";
import { mergeGroups } from "./merge.ts";
import { movement } from "./ops/movement.ts";
import { sameShape, showShape } from "./shape.ts";
import { isPointwise, type Walk } from "./walk.ts";

export interface FuseOptions {
  /** Buffers that one launch may read. */
  maxInputs: number;
  /** False: one launch per op. */
  fuse: boolean;
  /** Values that a person wants computed where they are used, or stored by a launch of their own. */
  force: ReadonlySet<Expr>;
  forbid: ReadonlySet<Expr>;
}

/** What one launch computes. */
export interface Group {
  /** Expressions that it stores, all of one shape; the first decides the loops. */
  roots: readonly Expr[];
  /** What is computed with them and read by nothing else, operands first: it needs no buffer. */
  inner: readonly Expr[];
  /** How the launch goes over what it reduces, if it does. */
  walk: Walk | null;
  /** Further results of the kernel that somebody reads. */
  parts: readonly Expr[];
  /** The kernel whose results it finishes, if any. */
  kernel: Expr | null;
  /** Why its first result is stored. */
  reason: string;
  /** By stored value that it reads: why the launch that stores it is another. */
  apart: ReadonlyMap<Expr, string>;
}

/** The launches for `outputs`, in an order in which every value is stored before it is read. */
export function groupNodes(
  nodes: readonly Expr[],
  outputs: readonly Expr[],
  options: FuseOptions,
): Group[] {
  const { fuse, force } = options;
  const fusion = storedNodes(nodes, outputs, options);
  const { stored, refusals } = fusion;
  const written = nodes.filter((node) => stored.has(node) && !node.storage);
  const roots = written.filter((node) => !isPart(node));
  const hosts = fuse ? hostsOf(roots, fusion, options) : new Map<Expr, Expr>();
  const finishers = fuse
    ? finishersOf(nodes, roots, hosts, fusion, options)
    : new Map<Expr, Expr>();
  const finished = new Set(finishers.values());
  const groups = roots
    .filter((root) => !hosts.has(root) && !finished.has(root))
    .map((root) => {
      const kernel = finishers.get(root) ?? null;
      return {
        roots: [root, ...roots.filter((other) => hosts.get(other) === root)],
        inner: [],
        walk: null,
        parts: written.filter((part) => isPart(part) && part.inputs[0] === (kernel ?? root)),
        kernel,
        reason: stored.get(root) as string,
        apart: new Map(),
      };
    });
  const merged = mergeGroups(groups, nodes, fusion, options);
  for (const root of merged.flatMap(({ roots }) => roots))
    if (force.has(root)) throw cannotForce(root, stored.get(root) as string, refusals.get(root));
  return merged;
}

function cannotForce(node: Expr, reason: string, refusal = ""): DeviceError {
  const name = node.label ? `${node.label.name} (${node.op})` : node.op;
  const why = [reason, refusal].filter(Boolean).join("; ");
  const isKernel = isComposite(node) || reason.startsWith("input of");
  const fix = isKernel ? "; kernels can be switched off by kernels: { name: false }" : "";
  return new DeviceError(
    `withPlan(force): expected a value that can be computed where it is used, got ${name} ${showShape(node.shape)} (${why}${fix})`,
  );
}

/** A reshape of a stored value is the same memory. */
export function withoutReshape(expr: Expr, isStored: (expr: Expr) => boolean): Expr {
  while (expr.op === "reshape" && !expr.storage && !isStored(expr)) expr = expr.inputs[0];
  return expr;
}

/** Which values have a buffer, who reads them, and what each launch would load. */
export interface Fusion {
  stored: ReadonlyMap<Expr, string>;
  wanted: ReadonlyMap<Expr, string>;
  /** Read in pieces: at places that no launch which computes it may look at. */
  pieced: ReadonlySet<Expr>;
  users: ReadonlyMap<Expr, Users>;
  reads: ReadonlyMap<Expr, ReadonlySet<Expr>>;
  /** Why the launch of a reader does not compute a stored value. */
  refusals: Map<Expr, string>;
}

/**
 * Stored values that the launch of their first reader computes anyway, at the same place: it stores
 * them too. Nobody may read them before that launch.
 */
function hostsOf(
  roots: readonly Expr[],
  { users, reads, pieced, refusals }: Fusion,
  { maxInputs, forbid }: FuseOptions,
): Map<Expr, Expr> {
  const order = new Map(roots.map((root, at) => [root, at]));
  const hosts = new Map<Expr, Expr>();
  const hostOf = (root: Expr): Expr => hosts.get(root) ?? root;
  const members = new Map<Expr, Expr[]>(roots.map((root) => [root, [root]]));
  const at = (root: Expr): number => order.get(hostOf(root)) as number;
  for (const root of [...roots].reverse()) {
    const readers = [...(users.get(root) as Users).keys()];
    const refuse = (why: string) => refusals.set(root, why);
    if (readers.length === 0) continue;
    if (!isPointwise(root)) {
      refuse(`${root.op} is not elementwise`);
      continue;
    }
    if (forbid.has(root) || pieced.has(root)) {
      refuse(forbid.has(root) ? "forbidden" : "read in pieces");
      continue;
    }
    const first = readers.reduce((a, b) =>
      (order.get(a) as number) < (order.get(b) as number) ? a : b,
    );
    const host = hostOf(first);
    const isInPlace = users.get(root)?.get(first)?.has(0) && sameShape(root.shape, first.shape);
    if (!isInPlace || !isPointwise(host) || !isPointwise(first)) {
      const reader = isInPlace && isPointwise(first) ? host : first;
      refuse(`${reader.op} ${isInPlace ? "is not elementwise" : "reads it at other places"}`);
      continue;
    }
    const early = readers.find((reader) => hostOf(reader) !== host && at(reader) <= at(host));
    if (early) {
      refuse(`${early.op} reads it before ${host.op} is computed`);
      continue;
    }
    const joined = [...(members.get(host) as Expr[]), root];
    const loads = new Set(joined.flatMap((member) => [...(reads.get(member) ?? [])]));
    for (const member of joined) loads.delete(member);
    if (loads.size + joined.length > maxInputs + 1) {
      refuse(bindings(loads.size + joined.length, maxInputs + 1, host));
      continue;
    }
    hosts.set(root, host);
    members.set(host, joined);
  }
  return hosts;
}

/**
 * Launches that do nothing but finish a kernel's results: elementwise, on each result once, and
 * nobody else reads the kernel. Maps the launch to the kernel.
 */
function finishersOf(
  nodes: readonly Expr[],
  roots: readonly Expr[],
  hosts: ReadonlyMap<Expr, Expr>,
  { wanted, users, reads, refusals }: Fusion,
  { maxInputs, forbid }: FuseOptions,
): Map<Expr, Expr> {
  const consumers = new Map<Expr, Expr[]>();
  for (const node of nodes)
    for (const input of node.storage ? [] : node.inputs)
      consumers.set(input, [...(consumers.get(input) ?? []), node]);
  const order = new Map(roots.map((root, at) => [root, at]));
  const finishers = new Map<Expr, Expr>();
  for (const kernel of roots) {
    if (!isComposite(kernel)) continue;
    const why = forbid.has(kernel) ? "forbidden" : wanted.get(kernel);
    const refuse = (reason: string) => refusals.set(kernel, reason);
    if (why !== undefined && why !== "reshaped") {
      refuse(why === "forbidden" ? why : `stored anyway: ${why}`);
      continue;
    }
    if (!kernelNamed(kernel.op)?.finishes) {
      refuse(`the kernel of ${kernel.op} does not write each result once`);
      continue;
    }
    const parts = (consumers.get(kernel) ?? []).filter(isPart);
    let top = kernel;
    let next = (consumers.get(top) ?? []).filter((node) => !isPart(node));
    while (next.length === 1 && next[0].op === "reshape" && !next[0].storage) {
      top = next[0];
      next = consumers.get(top) ?? [];
    }
    const [user, ...others] = users.get(top) as Users;
    if (!user || others.length > 0 || user[1].size !== 1 || !user[1].has(0)) {
      const isOne = user && others.length === 0;
      refuse(
        isOne ? `${user[0].op} reads it at other places` : `${others.length + 1} launches read it`,
      );
      continue;
    }
    const root = hosts.get(user[0]) ?? user[0];
    const members = [root, ...roots.filter((other) => hosts.get(other) === root)];
    if (finishers.has(root) || !isPointwise(root)) {
      const other = finishers.get(root)?.op;
      refuse(`${root.op} ${other ? `finishes ${other}` : "is not elementwise"}`);
      continue;
    }
    const isEarly = (part: Expr): boolean =>
      [...(users.get(part) as Users).keys()].some(
        (reader) => (order.get(reader) as number) <= (order.get(root) as number),
      );
    if (parts.some(isEarly)) {
      refuse(`a part of it is read before ${root.op} is computed`);
      continue;
    }
    if (root.dtype !== kernel.dtype || !sameShape(root.shape, top.shape)) {
      refuse(`${root.op} has other results than ${kernel.op}`);
      continue;
    }
    const loads = new Set([...kernel.inputs, ...members.flatMap((m) => [...(reads.get(m) ?? [])])]);
    for (const member of members) loads.delete(member);
    const buffers = loads.size + members.length + parts.length;
    if (buffers > maxInputs + 1) {
      refuse(bindings(buffers, maxInputs + 1, root));
      continue;
    }
    finishers.set(root, kernel);
  }
  return finishers;
}

const bindings = (wanted: number, most: number, { op }: Expr): string =>
  `the launch of ${op} would need ${wanted} buffers, ${most} at most`;

/** The regions that compute a node, each with the ways through views by which it gets there. */
type Users = Map<Expr, Set<number>>;

/** A value read at more indices than this by one launch is stored: each level of views may double them. */
const mostPlaces = 4;

/** Which expressions get a buffer, and why. Everything else is computed where it is used. */
function storedNodes(
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
