/** From graphs to compiled plans, once per structure. */
import { expandComposites, needsExpanding, rewritesIn } from "../composite.ts";
import { env } from "../env.ts";
import { DeviceError } from "../errors.ts";
import { explainPlan } from "../explain.ts";
import type { Expr } from "../expr.ts";
import { kernelNamed, kernelsLoaded, numBuffers } from "../kernel.ts";
import { ownerOf } from "../place.ts";
import { type Launch, makePlan, type Plan } from "../plan.ts";
import { expectKernels, nodesAt, type Planning } from "../planning.ts";
import type { Program } from "../program.ts";
import { listNodes, type PlanChoices, structureKey } from "../structure.ts";
import type { Backend, Executable } from "./backend.ts";
import { RecentlyUsed } from "./recentlyUsed.ts";
import { type Trace, traced } from "./trace.ts";

export interface CompiledPlan {
  plan: Plan;
  main: readonly Executable[];
  /** Of walks that may be split over lanes. */
  split: readonly ({ main: Executable; combine: Executable } | null)[];
  /** Launch after which nothing is read from the buffer of the value at a position. */
  lastUse: ReadonlyMap<number, number>;
  /** Whether its launches have been found to store what they should. */
  isVerified: boolean;
}

/** A compiled plan, with the nodes that it refers to by position. */
export interface Prepared {
  nodes: readonly Expr[];
  compiled: CompiledPlan;
}

/** Kept for reuse: structures used last. A model in training needs a handful; explorers need many once. */
const mostPlans = 512;

export class Planner {
  private readonly backend: Backend;
  private readonly trace: Trace | null;
  private readonly known = new RecentlyUsed<CompiledPlan>(mostPlans);
  /** Structures planned since the device was opened. */
  plans = 0;

  constructor(backend: Backend, trace: Trace | null) {
    this.backend = backend;
    this.trace = trace;
  }

  /** The plan of a graph: made and compiled if there is none of its structure and these choices. */
  async prepare(outputs: readonly Expr[], planning: Planning): Promise<Prepared> {
    await kernelsLoaded();
    expectKernels(planning);
    const hasKernel = ({ op, attrs }: Expr) => {
      const spec = planning.kernels(op) ? kernelNamed(op) : undefined;
      return spec !== undefined && numBuffers(spec, attrs) <= this.backend.limits.inputs + 1;
    };
    const { fuse } = planning;
    const rewrites = new Set<string>();
    let expanded = outputs;
    let nodes = listNodes(expanded);
    while (nodes.some((node) => needsExpanding(node, hasKernel))) {
      if (fuse) for (const note of rewritesIn(nodes, hasKernel)) rewrites.add(note);
      // may bring in further composites
      expanded = expandComposites(nodes, expanded, { keep: hasKernel, rewrite: fuse });
      nodes = listNodes(expanded);
    }
    const choices: PlanChoices = {
      fuse: planning.fuse,
      force: nodesAt("force", planning.force, nodes),
      forbid: nodesAt("forbid", planning.forbid, nodes),
      tiles: planning.tiles,
    };
    const key = structureKey(nodes, expanded, choices);
    const known = this.known.get(key);
    if (known) return { nodes, compiled: known };
    const compiled = await this.make(nodes, expanded, { ...choices, rewrites: [...rewrites] });
    this.known.set(key, compiled);
    this.plans++;
    return { nodes, compiled };
  }

  private async make(
    nodes: readonly Expr[],
    outputs: readonly Expr[],
    choices: PlanChoices & { rewrites: readonly string[] },
  ): Promise<CompiledPlan> {
    if (!this.backend.storesF16 && nodes.some(({ dtype }) => dtype === "f16"))
      throw new DeviceError(
        `${this.backend.name}: expected a backend that stores f16 (js, wasm, or webgpu where the adapter has shader-f16), got one without (use f32)`,
      );
    const maxInputs = this.backend.limits.inputs;
    const hasLanes = this.backend.lanes(1, 2 ** 20) > 0;
    const plan = await traced(this.trace, "plan", `${nodes.length} nodes`, () =>
      makePlan(nodes, outputs, { ...choices, maxInputs, hasLanes }),
    );
    const [main, split] = await traced(
      this.trace,
      "compile",
      `${plan.launches.length} launches`,
      () =>
        Promise.all([
          Promise.all(plan.launches.map((launch) => this.compile(launch))),
          Promise.all(plan.launches.map((launch) => this.compileSplit(launch))),
        ]),
    );
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

  private compile({ kernel, program, label }: Launch): Promise<Executable> {
    if (kernel) return this.backend.compileKernel(kernel.kernel, program);
    return this.backend.compileProgram(program as Program, label);
  }
}
