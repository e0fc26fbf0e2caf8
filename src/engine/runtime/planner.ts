/** From graphs to compiled plans, once per structure. */
import { compositeNamed, expandComposites, needsExpanding } from "../composite.ts";
import { env } from "../env.ts";
import { explainPlan } from "../explain.ts";
import type { Expr } from "../expr.ts";
import { kernelNamed } from "../kernel.ts";
import { ownerOf } from "../place.ts";
import { type Launch, listNodes, makePlan, type Plan, structureKey } from "../plan.ts";
import type { Backend, Executable } from "./backend.ts";

export interface CompiledPlan {
  plan: Plan;
  main: readonly Executable[];
  /** Of walks that may be split over lanes. */
  split: readonly ({ main: Executable; combine: Executable } | null)[];
  /** Launch after which nothing is read from the buffer of the value at a position. */
  lastUse: ReadonlyMap<number, number>;
  /** Whether its results have been found to agree with those of the unfused plan. */
  isVerified: boolean;
}

/** Whether to fuse, and to use hand-written kernels. */
export interface Ways {
  fuse: boolean;
  /** `quadratic`: only those whose compositions would be too much work. */
  kernels: boolean | "quadratic";
}

/** A compiled plan, with the nodes that it refers to by position. */
export interface Prepared {
  nodes: readonly Expr[];
  compiled: CompiledPlan;
}

export class Planner {
  private readonly backend: Backend;
  private readonly known = new Map<string, CompiledPlan>();

  constructor(backend: Backend) {
    this.backend = backend;
  }

  /** Structures planned. */
  get plans(): number {
    return this.known.size;
  }

  /** The plan of a graph: made and compiled if none of its structure is among `plans`. */
  async prepare(
    outputs: readonly Expr[],
    { fuse, kernels }: Ways,
    plans = this.known,
  ): Promise<Prepared> {
    const hasKernel = ({ op }: Expr) =>
      kernelNamed(op) !== undefined &&
      (kernels === "quadratic" ? compositeNamed(op)?.isQuadratic === true : kernels);
    let expanded = outputs;
    let nodes = listNodes(expanded);
    while (nodes.some((node) => needsExpanding(node, hasKernel))) {
      expanded = expandComposites(nodes, expanded, hasKernel); // may bring in further composites
      nodes = listNodes(expanded);
    }
    const key = structureKey(nodes, expanded, fuse);
    const compiled = plans.get(key) ?? (await this.make(nodes, expanded, fuse));
    plans.set(key, compiled);
    return { nodes, compiled };
  }

  private async make(
    nodes: readonly Expr[],
    outputs: readonly Expr[],
    fuse: boolean,
  ): Promise<CompiledPlan> {
    const maxInputs = this.backend.limits.inputs;
    const hasLanes = this.backend.lanes(1, 2 ** 20) > 0;
    const plan = makePlan(nodes, outputs, { maxInputs, hasLanes, fuse });
    const [main, split] = await Promise.all([
      Promise.all(plan.launches.map((launch) => this.compile(launch))),
      Promise.all(plan.launches.map((launch) => this.compileSplit(launch))),
    ]);
    const lastUse = new Map<number, number>();
    for (const [step, { inputs, outputs }] of plan.launches.entries())
      for (const at of [...inputs, ...outputs]) lastUse.set(ownerOf(plan.aliases, at), step);
    for (const at of plan.results) lastUse.delete(ownerOf(plan.aliases, at));
    if (env.debug() >= 3)
      console.error(explainPlan(plan, nodes, main, this.backend.precision).text);
    return { plan, main, split, lastUse, isVerified: false };
  }

  private async compileSplit({
    split,
    label,
  }: Launch): Promise<{ main: Executable; combine: Executable } | null> {
    if (!split) return null;
    const [main, combine] = await Promise.all([
      this.backend.compileProgram(split.main.program, `${label} lanes`),
      this.backend.compileProgram(split.combine.program, `${label} of lanes`),
    ]);
    return { main, combine };
  }

  private compile({ kernel, region, label }: Launch): Promise<Executable> {
    if (kernel) return this.backend.compileKernel(kernel.kernel, region?.program ?? null);
    return this.backend.compileProgram((region as NonNullable<typeof region>).program, label);
  }
}
