/**
 * Planning: from a graph to launches.
 *
 * A plan depends on the structure of the graph only, never on sizes: it is built once and run on
 * every graph of that structure. It refers to nodes by their position in the listing.
 */
import { isComposite } from "./composite.ts";
import type { Expr } from "./expr.ts";
import { groupNodes } from "./fuse.ts";
import type { FuseOptions, Group } from "./group.ts";
import { type Kernel, kernelNamed, resolveKernel, type Tiles } from "./kernel.ts";
import type { LoweringOptions } from "./lower.ts";
import { type Alias, type Aliases, copyProgram, pieceOf, placeIn, placeOperands } from "./place.ts";
import type { Param, Program, Value } from "./program.ts";
import { buildRegion, type Region, splitRegion } from "./region.ts";
import { withoutReshape } from "./stored.ts";
import type { PlanChoices } from "./structure.ts";

export interface Launch {
  label: string;
  /** Positions of the expressions read, in the order of bindings, and of those written. */
  inputs: readonly number[];
  outputs: readonly number[];
  /** The outputs in the order of bindings; null for a kernel's result that nobody reads. */
  writes: readonly (number | null)[];
  /** Why the first result is stored rather than computed inside its consumers. */
  reason: string;
  /** By position of what it reads: why the launch that stores it is another. */
  apart: ReadonlyMap<number, string>;
  /** A generated program, or what finishes the results of the kernel. */
  program: Program | null;
  /** Positions of what the values of the program were computed for. */
  owners: ReadonlyMap<Value, number>;
  /** Positions of everything computed in it. */
  members: readonly number[];
  kernel: { kernel: Kernel; at: number } | null;
  /** The same in two launches, for few long rows. */
  split: SplitLaunch | null;
  /** Copies into this place of its output rather than into all of it. */
  into: Alias | null;
}

/** A walk over lanes: what each lane has of each sum goes from the first launch to the second. */
export interface SplitLaunch {
  main: Step;
  combine: Step;
  /** Positions of the sums. */
  sums: readonly number[];
}

export interface Step {
  program: Program;
  /** Positions of the expressions read and written, in the order of bindings. */
  inputs: readonly number[];
  outputs: readonly number[];
}

export interface Plan {
  launches: readonly Launch[];
  /** Position of the stored value of each output: its own, or what it reshapes. */
  results: readonly number[];
  /** What was replaced before, for `explain`. */
  rewrites: readonly string[];
  /** Values that lie inside the buffers of others. */
  aliases: Aliases;
}

const lanes: Param = { key: "lanes", type: "index", value: (_nodes, count) => count };

interface PlanContext extends PlanChoices, FuseOptions {
  /** Whether reductions may be split over lanes. */
  hasLanes: boolean;
  rewrites: readonly string[];
}

export function makePlan(
  nodes: readonly Expr[],
  outputs: readonly Expr[],
  options: PlanContext,
): Plan {
  const position = new Map(nodes.map((node, at) => [node, at]));
  const at = (expr: Expr): number => position.get(expr) as number;
  const groups = groupNodes(nodes, outputs, options);
  const stored = new Set(groups.flatMap(({ roots, parts }) => [...roots, ...parts]));
  const bufferOf = (expr: Expr): Expr | undefined => {
    const base = withoutReshape(expr, (e) => stored.has(e));
    return base.storage || stored.has(base) || base.op === "piece" ? base : undefined;
  };
  const launchOf = (group: Group): Launch => {
    const { roots, kernel, parts, reason, apart } = group;
    const [root] = roots;
    const finished = isComposite(root) ? root : kernel;
    const made = finished && kernelOf(finished, options.tiles);
    const kernelInputs = (finished?.inputs ?? []).map((input) => at(bufferOf(input) as Expr));
    const lowering = { position, bufferOf };
    const region = finished === root ? null : buildRegion(group, lowering);
    const written = (region?.outputs ?? roots).map(at);
    return {
      label: finished && finished !== root ? `${finished.op}+${root.op}` : root.op,
      inputs: [...kernelInputs, ...(region?.inputs.map(at) ?? [])],
      outputs: [...written, ...parts.map(at)],
      writes: [...written, ...partsInOrder(made, parts).map((part) => part && at(part))],
      reason,
      apart: new Map([...apart].map(([value, why]) => [at(bufferOf(value) as Expr), why])),
      program: region?.program ?? null,
      owners: new Map([...(region?.owners ?? [])].map(([value, expr]) => [value, at(expr)])),
      members: [...(finished ? [at(finished)] : []), ...(region?.members.map(at) ?? [])],
      kernel: finished && made && { kernel: made, at: at(finished) },
      split: options.hasLanes ? splitOf(group, lowering) : null,
      into: null,
    };
  };
  const aliases = new Map<number, Alias>();
  for (const node of nodes)
    if (node.op === "piece" && !node.storage)
      aliases.set(at(node), pieceOf(at(node), at(bufferOf(node.inputs[0]) as Expr)));
  const computed = new Map(
    groups
      .filter(({ roots: [root] }) => root.op !== "pack")
      .map((group) => [group, launchOf(group)]),
  );
  const launches = groups.flatMap((group) => {
    const launch = computed.get(group);
    if (launch) return [launch];
    const pack = at(group.roots[0]);
    const operands = nodes[pack].inputs.map((input) => at(bufferOf(input) as Expr));
    const launches = options.fuse ? [...computed.values()] : []; // else, all is copied
    const refused = placeOperands(pack, operands, launches, aliases);
    return operands.flatMap((operand, which) => {
      const reason = refused.get(operand);
      return reason ? [copyInto(placeIn(pack, which), operand, reason)] : [];
    });
  });
  const results = outputs.map((output) => at(bufferOf(output) as Expr));
  return { launches, results, aliases, rewrites: options.rewrites };
}

/** A walk over lanes; null for other launches, and for walks of several passes. */
function splitOf(group: Group, options: LoweringOptions): SplitLaunch | null {
  const { walk } = group;
  if (!walk || walk.passes.length > 1) return null;
  const { main, combine, sums } = splitRegion({ ...group, walk }, options, lanes);
  const at = (expr: Expr): number => options.position.get(expr) as number;
  const step = ({ program, inputs, outputs }: Region): Step => ({
    program,
    inputs: inputs.map(at),
    outputs: outputs.map(at),
  });
  return { main: step(main), combine: step(combine), sums: sums.map(at) };
}

const copyInto = (into: Alias, operand: number, reason: string): Launch => ({
  label: "copy",
  inputs: [operand],
  outputs: [into.of],
  writes: [into.of],
  reason,
  apart: new Map([[operand, reason]]),
  program: copyProgram(operand),
  owners: new Map(),
  members: [],
  kernel: null,
  split: null,
  into,
});

function kernelOf(expr: Expr, tiles: Tiles): Kernel {
  const spec = kernelNamed(expr.op);
  if (!spec) throw new Error(`plan: expected a kernel for ${expr.op}, got none`);
  return resolveKernel(spec, expr.attrs, tiles[expr.op] ?? null);
}

/** The parts of a kernel's result in its own order, null where nobody wants it. */
function partsInOrder(kernel: Kernel | null, wanted: readonly Expr[]): (Expr | null)[] {
  const byName = new Map(wanted.map((part) => [part.attrs.name, part]));
  const parts = (kernel?.parts ?? []).map(({ name }) => byName.get(name) ?? null);
  if (parts.filter((part) => part !== null).length < wanted.length)
    throw new Error(
      `plan: expected kernel ${kernel?.name} to make ${[...byName.keys()].join(" and ")}`,
    );
  return parts;
}
