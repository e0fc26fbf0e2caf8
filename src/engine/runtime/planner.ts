/** From graphs to compiled plans, once per structure. */
import { compositeNamed, expandComposites, needsExpanding, rewritesIn } from "../composite.ts";
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
  combine: readonly (Executable | null)[];
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
    const rewrites = new Set<string>();
    let expanded = outputs;
    let nodes = listNodes(expanded);
    while (nodes.some((node) => needsExpanding(node, hasKernel))) {
      if (fuse) for (const note of rewritesIn(nodes, hasKernel)) rewrites.add(note);
      // may bring in further composites
      expanded = expandComposites(nodes, expanded, { keep: hasKernel, rewrite: fuse });
      nodes = listNodes(expanded);
    }
    const key = structureKey(nodes, expanded, fuse);
    const compiled =
      plans.get(key) ?? (await this.make(nodes, expanded, { fuse, rewrites: [...rewrites] }));
    plans.set(key, compiled);
    return { nodes, compiled };
  }

  private async make(
    nodes: readonly Expr[],
    outputs: readonly Expr[],
    ways: { fuse: boolean; rewrites: readonly string[] },
  ): Promise<CompiledPlan> {
    const maxInputs = this.backend.limits.inputs;
    const hasLanes = this.backend.lanes(1, 2 ** 20) > 0;
    const plan = makePlan(nodes, outputs, { maxInputs, hasLanes, ...ways });
    const [main, combine] = await Promise.all([
      Promise.all(plan.launches.map((launch) => this.compile(launch))),
      Promise.all(
        plan.launches.map(
          ({ combine, label }) => combine && this.backend.compileProgram(combine, `${label} lanes`),
        ),
      ),
    ]);
    const lastUse = new Map<number, number>();
    for (const [step, { inputs, outputs }] of plan.launches.entries())
      for (const at of [...inputs, ...outputs]) lastUse.set(ownerOf(plan.aliases, at), step);
    for (const at of plan.results) lastUse.delete(ownerOf(plan.aliases, at));
    if (env.debug() >= 3)
      console.error(explainPlan(plan, nodes, main, this.backend.precision).text);
    return { plan, main, combine, lastUse, isVerified: false };
  }

  private compile({ kernel, region, label }: Launch): Promise<Executable> {
    if (kernel) return this.backend.compileKernel(kernel.kernel, region?.program ?? null);
    return this.backend.compileProgram((region as NonNullable<typeof region>).program, label);
  }
}
