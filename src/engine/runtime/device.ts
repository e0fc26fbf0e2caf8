/**
 * A device runs graphs: it plans them (once per structure), finds memory, and submits all launches
 * of one `realize` together.
 */
import { compositeNamed, expandComposites, isComposite } from "../composite.ts";
import { bytesPer, type DType, type HostArray, hostArray } from "../dtype.ts";
import { env } from "../env.ts";
import { DeviceError } from "../errors.ts";
import type { Evaluator } from "../evaluator.ts";
import { type Explanation, explainPlan } from "../explain.ts";
import type { DeviceBuffer, Expr } from "../expr.ts";
import { kernelNamed } from "../kernel.ts";
import {
  kernelParams,
  type Launch,
  listNodes,
  makePlan,
  type Plan,
  structureKey,
} from "../plan.ts";
import type { Program } from "../program.ts";
import { mergeAxes } from "../region.ts";
import { type Shape, showShape, sizeOf } from "../shape.ts";
import type { Backend, Command, Executable } from "./backend.ts";
import { BufferPool } from "./pool.ts";
import { compareResults } from "./verify.ts";

/** Counted since the device was opened. */
export interface DeviceStats {
  /** Programs and kernels compiled. */
  pipelines: number;
  /** Graph structures planned. */
  plans: number;
  launches: number;
  submits: number;
  /** Memory held by tensors and by work in progress, now and at most. */
  bytesLive: number;
  bytesPeak: number;
}

interface CompiledPlan {
  plan: Plan;
  main: readonly Executable[];
  combine: readonly (Executable | null)[];
  /** Launch after which the value at a position is not read again. */
  lastUse: ReadonlyMap<number, number>;
  /** Whether its results have been found to agree with those of the unfused plan. */
  isVerified: boolean;
}

/** Whether to fuse, and to use hand-written kernels. */
interface Ways {
  fuse: boolean;
  /** `quadratic`: only those whose compositions would be too much work. */
  kernels: boolean | "quadratic";
}

interface Prepared {
  nodes: readonly Expr[];
  compiled: CompiledPlan;
}

export class Device implements Evaluator {
  readonly backend: Backend;
  private readonly pool: BufferPool;
  private readonly plans = new Map<string, CompiledPlan>();
  private readonly counts = { launches: 0, submits: 0 };
  private readonly abandoned: FinalizationRegistry<DeviceBuffer>;
  private queue: Promise<unknown> = Promise.resolve();
  private closing: Promise<void> | null = null;

  constructor(backend: Backend) {
    this.backend = backend;
    this.pool = new BufferPool(backend, backend.limits.bufferBytes);
    this.abandoned = new FinalizationRegistry((buffer) => this.pool.give(buffer));
  }

  stats(): DeviceStats {
    const { bytesLive, bytesPeak } = this.pool;
    const { pipelines } = this.backend;
    return { pipelines, plans: this.plans.size, ...this.counts, bytesLive, bytesPeak };
  }

  /** Computes the expressions; afterwards each has its value stored here. */
  realize(outputs: readonly Expr[]): Promise<void> {
    return this.exclusive(async () => {
      const todo = outputs.filter((output) => !output.storage);
      if (todo.length > 0) await this.compute(todo);
    });
  }

  /** The value of a computed expression. */
  read(expr: Expr): Promise<HostArray> {
    return this.exclusive(async () => {
      const { host } = expr.storage ?? { host: null };
      const { precision } = this.backend;
      if (host) return convert(host, expr.dtype, precision);
      const count = sizeOf(expr.shape);
      if (count === 0) return hostArray(expr.dtype, 0, precision);
      const data = await this.backend.read(this.bufferOf(expr), expr.dtype, count);
      await this.backend.check();
      return data;
    });
  }

  /** Refuses new work, ends what was asked for before, and frees the memory. */
  close(): Promise<void> {
    this.closing ??= this.queue.then(() => {
      this.pool.drain();
      return this.backend.close();
    });
    return this.closing;
  }

  get closed(): boolean {
    return this.closing !== null;
  }

  toString(): string {
    return `Device ${this.backend.name} (${this.backend.description})`;
  }

  /** Runs one task at a time: recording is synchronous, but compiling and reading are not. */
  private async exclusive<T>(task: () => Promise<T>): Promise<T> {
    if (this.closed)
      throw new DeviceError(`${this.backend.name}: expected an open device, got a closed one`);
    const run = this.queue.then(task);
    this.queue = run.catch(() => {});
    return run;
  }

  private async compute(outputs: readonly Expr[]): Promise<void> {
    const ways = { fuse: env.fuse(), kernels: env.kernels() };
    const prepared = await this.prepare(outputs, ways);
    if (env.verify() && !prepared.compiled.isVerified)
      await this.compareWithUnfused(outputs, prepared);
    const results = await this.run(prepared);
    for (const [which, output] of outputs.entries()) {
      const { node, buffer } = results[which];
      if (!node.storage && buffer) this.adopt(node, buffer);
      output.storage = node.storage;
    }
  }

  /** The plan of a graph, compiled, with the nodes that it refers to by position. */
  private async prepare(
    outputs: readonly Expr[],
    { fuse, kernels }: Ways,
    plans = this.plans,
  ): Promise<Prepared> {
    const hasKernel = ({ op }: Expr) =>
      kernelNamed(op) !== undefined &&
      (kernels === "quadratic" ? compositeNamed(op)?.isQuadratic === true : kernels);
    let expanded = outputs;
    let nodes = listNodes(expanded);
    while (nodes.some((node) => isComposite(node) && !node.storage && !hasKernel(node))) {
      expanded = expandComposites(nodes, expanded, hasKernel); // may bring in further composites
      nodes = listNodes(expanded);
    }
    const key = structureKey(nodes, expanded, fuse);
    const compiled = plans.get(key) ?? (await this.planFor(nodes, expanded, fuse));
    plans.set(key, compiled);
    return { nodes, compiled };
  }

  /** Submits a plan. Returns, per output, the node that holds it and its buffer if it is new. */
  private async run({
    nodes,
    compiled,
  }: Prepared): Promise<{ node: Expr; buffer: DeviceBuffer | undefined }[]> {
    const buffers = new Map<number, DeviceBuffer>(); // of what the plan stored, by position
    try {
      this.record(compiled, nodes, buffers);
      await this.backend.check();
    } catch (error) {
      // Any of the memory may be invalid: none of it is used again.
      for (const buffer of buffers.values()) this.pool.give(buffer);
      for (const node of nodes) if (node.storage?.host) this.release(node);
      this.pool.drain();
      throw error;
    }
    return compiled.plan.results.map((at) => ({ node: nodes[at], buffer: buffers.get(at) }));
  }

  private async planFor(
    nodes: readonly Expr[],
    outputs: readonly Expr[],
    fuse: boolean,
  ): Promise<CompiledPlan> {
    const maxInputs = this.backend.limits.inputs;
    const hasLanes = this.backend.lanes(1, 2 ** 20) > 0;
    const plan = makePlan(nodes, outputs, { maxInputs, hasLanes, fuse });
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
      for (const at of [...inputs, ...outputs]) lastUse.set(at, step);
    for (const at of plan.results) lastUse.delete(at);
    if (env.debug() >= 3)
      console.error(explainPlan(plan, nodes, main, this.backend.precision).text);
    return { plan, main, combine, lastUse, isVerified: false };
  }

  /** How the expressions would be computed; computes nothing. */
  explain(outputs: readonly Expr[]): Promise<Explanation> {
    return this.exclusive(async () => {
      const todo = outputs.filter((output) => !output.storage);
      const ways = { fuse: env.fuse(), kernels: env.kernels() };
      const { nodes, compiled } = await this.prepare(todo, ways);
      return explainPlan(compiled.plan, nodes, compiled.main, this.backend.precision);
    });
  }

  /** Runs the graph fused and unfused on the same inputs; throws where the results differ. */
  private async compareWithUnfused(outputs: readonly Expr[], prepared: Prepared): Promise<void> {
    const counted = { ...this.counts }; // the comparison is no work that was asked for
    const plain = await this.prepare(outputs, { fuse: false, kernels: "quadratic" }, new Map());
    const read = async (results: { node: Expr; buffer: DeviceBuffer | undefined }[]) => {
      const arrays: HostArray[] = [];
      for (const [which, { buffer }] of results.entries()) {
        const { dtype, shape } = outputs[which];
        const count = buffer ? sizeOf(shape) : 0; // without one, it is an input itself
        arrays.push(
          count > 0
            ? await this.backend.read(buffer as DeviceBuffer, dtype, count)
            : hostArray(dtype, 0),
        );
      }
      for (const buffer of new Set(results.map(({ buffer }) => buffer)))
        if (buffer) this.pool.give(buffer);
      return arrays;
    };
    const fused = await read(await this.run(prepared));
    const unfused = await read(await this.run(plain));
    Object.assign(this.counts, counted);
    const problem = compareResults(fused, unfused, plain.nodes.length, this.backend.precision);
    prepared.compiled.isVerified = problem === undefined;
    if (!problem) return;
    const { text } = explainPlan(
      prepared.compiled.plan,
      prepared.nodes,
      prepared.compiled.main,
      this.backend.precision,
    );
    throw new DeviceError(`${this.backend.name}(verify): ${problem}\n${text}`);
  }

  private compile({ kernel, region, label }: Launch): Promise<Executable> {
    if (kernel) return this.backend.compileKernel(kernel.kernel, region?.program ?? null);
    return this.backend.compileProgram((region as NonNullable<typeof region>).program, label);
  }

  /** Submits a plan; `buffers` receives what it stored, by position. */
  private record(
    { plan, main, combine, lastUse }: CompiledPlan,
    nodes: readonly Expr[],
    buffers: Map<number, DeviceBuffer>,
  ): void {
    const commands: Command[] = [];
    // Uploads come before all launches, so they must not take memory that becomes free in between.
    for (const { inputs } of plan.launches)
      for (const at of inputs) if (nodes[at].storage) this.bufferOf(nodes[at]);
    const bufferAt = (at: number) => buffers.get(at) ?? this.bufferOf(nodes[at]);
    for (const [step, launch] of plan.launches.entries()) {
      const inputs = launch.inputs.map(bufferAt);
      const targets = launch.outputs.map((at) => {
        const { dtype, shape } = nodes[at];
        const target = this.take(dtype, sizeOf(shape), launch.label, shape);
        buffers.set(at, target);
        return target;
      });
      const { dtype, shape } = nodes[launch.outputs[0]];
      const lanes = this.lanesFor(launch, nodes);
      if (lanes > 1 && launch.combine) {
        const partial = this.take(dtype, sizeOf(shape) * lanes, launch.label, [lanes, ...shape]);
        commands.push(command(launch, main[step], [...inputs, partial], nodes, lanes));
        const executable = combine[step] as Executable;
        commands.push(
          programCommand(launch.combine, executable, [partial, ...targets], nodes, lanes),
        );
        this.pool.give(partial);
      } else commands.push(command(launch, main[step], [...inputs, ...targets], nodes, lanes));
      for (const at of new Set([...launch.inputs, ...launch.outputs])) {
        const buffer = buffers.get(at);
        if (!buffer || lastUse.get(at) !== step) continue;
        this.pool.give(buffer);
        buffers.delete(at);
      }
    }
    const wanted = commands.filter(({ threads }) => threads > 0);
    if (wanted.length > 0) {
      this.backend.run(wanted);
      this.counts.submits++;
      this.counts.launches += wanted.length;
    }
    if (env.debug() >= 1)
      console.error(`trackgrad: ${wanted.length} launches, ${this.pool.bytesPeak} B peak`);
  }

  private lanesFor({ region, outputs }: Launch, nodes: readonly Expr[]): number {
    if (!region?.hasLanes) return 1;
    const node = nodes[outputs[0]];
    const results = sizeOf(node.shape);
    const length = results === 0 ? 0 : sizeOf(node.inputs[0].shape) / results;
    return Math.max(1, this.backend.lanes(results, length));
  }

  private take(dtype: DType, count: number, label: string, shape: Shape): DeviceBuffer {
    const bytes = count * bytesPer(dtype, this.backend.precision);
    const { bufferBytes } = this.backend.limits;
    if (bytes > bufferBytes)
      throw new DeviceError(
        `${this.backend.name}(${label}): expected a buffer of at most ${bufferBytes} B, got ${bytes} B (${dtype} ${showShape(shape)})`,
      );
    return this.pool.take(Math.max(bytes, 4));
  }

  /** The device's copy of a stored value, uploaded on first use. */
  private bufferOf(expr: Expr): DeviceBuffer {
    const { storage } = expr;
    const known = storage?.buffers.get(this);
    if (known) return known;
    if (!storage?.host)
      throw new DeviceError(
        `${this.backend.name}: expected a tensor of this device or of the host, got one of another device or a disposed one (${expr.dtype} ${showShape(expr.shape)})`,
      );
    const buffer = this.take(expr.dtype, storage.host.length, "upload", expr.shape);
    this.backend.upload(buffer, storage.host, expr.dtype);
    storage.buffers.set(this, buffer);
    this.abandoned.register(storage, buffer, storage);
    return buffer;
  }

  private adopt(expr: Expr, buffer: DeviceBuffer): void {
    const storage = { host: null, buffers: new Map([[this as object, buffer]]) };
    expr.storage = storage;
    this.abandoned.register(storage, buffer, storage);
  }

  /** Frees this device's copy of a value. */
  release(expr: Expr): void {
    const buffer = expr.storage?.buffers.get(this);
    if (!expr.storage || !buffer) return;
    expr.storage.buffers.delete(this);
    this.abandoned.unregister(expr.storage);
    this.pool.give(buffer);
  }
}

function command(
  launch: Launch,
  executable: Executable,
  buffers: readonly DeviceBuffer[],
  nodes: readonly Expr[],
  lanes: number,
): Command {
  const { kernel, region } = launch;
  const finish = region && programCommand(region.program, executable, buffers, nodes, lanes);
  if (!kernel) return finish as Command;
  const node = nodes[kernel.at];
  const shapes = node.inputs.map((input) => input.shape);
  const { params, dims } = kernelParams(kernel.kernel, shapes, node);
  const threads = sizeOf(node.shape) === 0 ? 0 : kernel.kernel.threads(dims);
  const all = [...params, ...(finish?.params ?? [])];
  return { executable, buffers, params: all, threads, rank: finish?.rank ?? 1 };
}

function programCommand(
  program: Program,
  executable: Executable,
  buffers: readonly DeviceBuffer[],
  nodes: readonly Expr[],
  lanes: number,
): Command {
  const params = program.params.map((param) => param.value(nodes, lanes));
  if (program.grid) mergeAxes(program.grid, params);
  const sizes = program.extents.map((which) => params[which]);
  const leading = sizes.findIndex((size) => size !== 1);
  const rank = leading < 0 ? 1 : sizes.length - leading;
  return { executable, buffers, params, threads: sizeOf(sizes), rank };
}

function convert(data: HostArray, dtype: DType, precision: "f32" | "f64"): HostArray {
  const copy = hostArray(dtype, data.length, precision);
  copy.set(data);
  return copy;
}
