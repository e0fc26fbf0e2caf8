/**
 * A device runs graphs: it plans them (once per structure), finds memory, and submits all launches
 * of one `realize` together.
 */
import { type DType, type HostArray, hostArray, type Precision } from "../dtype.ts";
import { env } from "../env.ts";
import { DeviceError } from "../errors.ts";
import type { Evaluator } from "../evaluator.ts";
import { type Explanation, explainPlan } from "../explain.ts";
import type { DeviceBuffer, Expr } from "../expr.ts";
import { sizeOf } from "../shape.ts";
import type { Backend } from "./backend.ts";
import { DeviceMemory } from "./memory.ts";
import { Planner, type Prepared } from "./planner.ts";
import { recordPlan } from "./record.ts";
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

/** Where the value of an output is: of which node, and in what buffer if it is new. */
interface Result {
  node: Expr;
  buffer: DeviceBuffer | undefined;
}

export class Device implements Evaluator {
  readonly backend: Backend;
  private readonly memory: DeviceMemory;
  private readonly planner: Planner;
  private readonly counts = { launches: 0, submits: 0 };
  private queue: Promise<unknown> = Promise.resolve();
  private closing: Promise<void> | null = null;

  constructor(backend: Backend) {
    this.backend = backend;
    this.memory = new DeviceMemory(backend, this);
    this.planner = new Planner(backend);
  }

  stats(): DeviceStats {
    const { bytesLive, bytesPeak } = this.memory;
    const { pipelines } = this.backend;
    return { pipelines, plans: this.planner.plans, ...this.counts, bytesLive, bytesPeak };
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
      const data = await this.backend.read(this.memory.bufferOf(expr), expr.dtype, count);
      await this.backend.check();
      return data;
    });
  }

  /** How the expressions would be computed; computes nothing. */
  explain(outputs: readonly Expr[]): Promise<Explanation> {
    return this.exclusive(async () => {
      const todo = outputs.filter((output) => !output.storage);
      const { nodes, compiled } = await this.planner.prepare(todo, wanted());
      return explainPlan(compiled.plan, nodes, compiled.main, this.backend.precision);
    });
  }

  /** Frees this device's copy of a value. */
  release(expr: Expr): void {
    this.memory.release(expr);
  }

  /** Refuses new work, ends what was asked for before, and frees the memory. */
  close(): Promise<void> {
    this.closing ??= this.queue.then(() => {
      this.memory.drain();
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
    const prepared = await this.planner.prepare(outputs, wanted());
    if (env.verify() && !prepared.compiled.isVerified) await this.verify(outputs, prepared);
    const results = await this.run(prepared);
    for (const [which, output] of outputs.entries()) {
      const { node, buffer } = results[which];
      if (!node.storage && buffer) this.memory.adopt(node, buffer);
      output.storage = node.storage;
    }
  }

  /** Submits a plan. Returns where each output is. */
  private async run(prepared: Prepared): Promise<Result[]> {
    const { nodes, compiled } = prepared;
    const buffers = new Map<number, DeviceBuffer>(); // of what the plan stored, by position
    try {
      this.submit(prepared, buffers);
      await this.backend.check();
    } catch (error) {
      // Any of the memory may be invalid: none of it is used again.
      for (const buffer of buffers.values()) this.memory.give(buffer);
      for (const node of nodes) if (node.storage?.host) this.release(node);
      this.memory.drain();
      throw error;
    }
    return compiled.plan.results.map((at) => ({ node: nodes[at], buffer: buffers.get(at) }));
  }

  private submit(prepared: Prepared, buffers: Map<number, DeviceBuffer>): void {
    const commands = recordPlan(prepared, this.memory, this.backend, buffers);
    if (commands.length > 0) {
      this.backend.run(commands);
      this.counts.submits++;
      this.counts.launches += commands.length;
    }
    if (env.debug() >= 1)
      console.error(`trackgrad: ${commands.length} launches, ${this.memory.bytesPeak} B peak`);
  }

  /** Runs the graph fused and unfused on the same inputs; throws where the results differ. */
  private async verify(outputs: readonly Expr[], prepared: Prepared): Promise<void> {
    const counted = { ...this.counts }; // the comparison is no work that was asked for
    const plain = await this.planner.prepare(
      outputs,
      { fuse: false, kernels: "quadratic" },
      new Map(),
    );
    const fused = await this.readAndFree(outputs, await this.run(prepared));
    const unfused = await this.readAndFree(outputs, await this.run(plain));
    Object.assign(this.counts, counted);
    const { precision, name } = this.backend;
    const problem = compareResults(fused, unfused, plain.nodes.length, precision);
    prepared.compiled.isVerified = problem === undefined;
    if (!problem) return;
    const { plan, main } = prepared.compiled;
    const { text } = explainPlan(plan, prepared.nodes, main, precision);
    throw new DeviceError(`${name}(verify): ${problem}\n${text}`);
  }

  /** The values of what a plan computed; nothing for outputs that are inputs themselves. */
  private async readAndFree(
    outputs: readonly Expr[],
    results: readonly Result[],
  ): Promise<HostArray[]> {
    const arrays: HostArray[] = [];
    for (const [which, { buffer }] of results.entries()) {
      const { dtype, shape } = outputs[which];
      const count = buffer ? sizeOf(shape) : 0;
      arrays.push(
        buffer && count > 0 ? await this.backend.read(buffer, dtype, count) : hostArray(dtype, 0),
      );
    }
    for (const buffer of new Set(results.map(({ buffer }) => buffer)))
      if (buffer) this.memory.give(buffer);
    return arrays;
  }
}

const wanted = () => ({ fuse: env.fuse(), kernels: env.kernels() });

function convert(data: HostArray, dtype: DType, precision: Precision): HostArray {
  const copy = hostArray(dtype, data.length, precision);
  copy.set(data);
  return copy;
}
